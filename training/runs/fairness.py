"""Does a model do worse on a part of the images? Each part against the rest, chance set aside."""

from typing import NamedTuple

import numpy as np

from training.engine.curves import difference_interval, fisher, holm
from training.engine.evaluate import wilson_interval

LEAST = 10  # images in a part, and outside of it, for a figure to be shown
LEVEL = 0.05  # of all parts of all slices together


class Sliced(NamedTuple):
    """Images divided by one thing: parts as (word, bool [n]), of those where it is known."""

    name: str
    title: str
    parts: list[tuple]
    known: np.ndarray
    is_metadata: bool


def judged(answers, sliced: list[Sliced]) -> list[dict]:
    """Return the parts of each slice with accuracy and recalls, and their gaps to the rest.

    A gap `is_sure` where the exact test of Fisher finds it at 5 %, corrected by Holm's method for
    the number of gaps that are looked at here together.
    """
    found = [_slice(answers, one) for one in sliced]
    found = [one for one in found if one["rows"]]
    rows = [row for one in found for row in one["rows"]]
    gaps = [*rows, *(recall for row in rows for recall in row["recalls"])]
    for gap, corrected in zip(gaps, holm([gap["p"] for gap in gaps]), strict=True):
        gap["p"], gap["is_sure"] = corrected, corrected < LEVEL
    for one in found:
        shares = [row["accuracy"] for row in one["rows"]]
        one["gap"] = max(shares) - min(shares)
        one["is_sure"] = any(
            row["is_sure"] or any(r["is_sure"] for r in row["recalls"]) for row in one["rows"]
        )
    return found


def _slice(answers, sliced) -> dict:
    rows = [_row(answers, word, inside, sliced.known) for word, inside in sliced.parts]
    return {
        "name": sliced.name,
        "title": sliced.title,
        "is_metadata": sliced.is_metadata,
        "rows": [row for row in rows if row],
        "too_small": sum(row is None for row in rows),
    }


def _row(answers, word, inside, known) -> dict | None:
    facts = _gap(answers.right, inside, known)
    if facts is None:
        return None
    recalls = []
    for place, label in enumerate(answers.classes):
        is_class = answers.labels == place
        recall = _gap(answers.right, inside & is_class, known & is_class)
        if recall:
            recalls.append({"label": label, "recall": recall.pop("share"), **recall})
    return {"name": word, "accuracy": facts.pop("share"), **facts, "recalls": recalls}


def _gap(right, inside, known) -> dict | None:
    """The share that is right inside, and how far it is from that of the rest; None if too few."""
    rest = known & ~inside
    n, others = int(inside.sum()), int(rest.sum())
    if min(n, others) < LEAST:
        return None
    hits, theirs = int(right[inside].sum()), int(right[rest].sum())
    low, high = wilson_interval(hits, n)
    gap_low, gap_high = difference_interval(hits, n, theirs, others)
    return {
        "n": n,
        "share": hits / n,
        "low": low,
        "high": high,
        "gap": hits / n - theirs / others,
        "gap_low": gap_low,
        "gap_high": gap_high,
        "p": fisher(hits, n, theirs, others),
    }
