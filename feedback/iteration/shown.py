"""Data iterations in the form that pages and API take: steps, the diff card, figures."""

from collections import Counter
from typing import NamedTuple

from django.utils.translation import gettext as _

from feedback.iteration import gathering, judging, realised
from feedback.iteration.models import DataIteration
from feedback.receipts.models import Receipt
from lepton.lib import states

THUMBS = 12  # pictures of each part of the diff card
State, Fate = DataIteration.State, Receipt.Fate


class Step(NamedTuple):
    """One step of an iteration; `state` is done, now, bad or coming."""

    title: str
    words: str
    state: str
    url: str = ""


class OfClass(NamedTuple):
    """How many of one class."""

    label: str
    n: int


class Shot(NamedTuple):
    """A picture by its key in storage, with what is said of it."""

    key: str
    words: str


class Part(NamedTuple):
    """What of one kind changes: how many, of which classes, with some pictures."""

    key: str
    title: str
    n: int
    classes: list[OfClass]
    pictures: list[Shot]


def card(iteration) -> list[Part]:
    """The diff card: what was added, relabelled, left out, by class and with pictures."""
    rows = iteration.receipts.select_related("image", "prediction").order_by("settled_at", "pk")
    by_fate = {fate: [] for fate in Fate}
    for row in rows:
        by_fate[row.fate].append(row)
    return [_part(fate.value, str(fate.label), found) for fate, found in by_fate.items() if found]


def waiting(rows) -> list[Part]:
    """The same of what waits: corrected and confirmed answers."""
    rows = list(rows.select_related("image", "prediction").order_by("-settled_at"))
    corrected = [row for row in rows if row.is_correction]
    confirmed = [row for row in rows if not row.is_correction]
    parts = (("correct", _("Corrected"), corrected), ("confirm", _("Confirmed"), confirmed))
    return [_part(*part) for part in parts if part[2]]


def steps(iteration) -> list[Step]:
    """Return what was done and what is still to come, in order."""
    found = [_gathered(iteration), _trained(iteration), _judged(iteration)]
    if iteration.state == State.SHADOWING:
        found.append(Step(_("Shadow"), _("It answers unseen beside the champion."), "now"))
    return [*found, _promoted(iteration), _checked(iteration)]


def in_use(iteration) -> dict:
    """Realised accuracy before the promotion and since; None while there are too few answers."""
    after = iteration.promoted_at and realised.accuracy(iteration.engagement, iteration.challenger)
    return {"before": iteration.accuracy_before, "after": after or None}


def as_metric(label, found) -> dict:
    """What the metric component shows of a realised accuracy."""
    if not found:
        return {"label": label, "text": "–", "note": _("too few answers yet")}
    notes = {
        "review": _("of all predictions, from the review queue"),
        "answers": _("of what was answered"),
    }
    ends = {name: found[name] for name in ("value", "low", "high", "n")} | {"target": None}
    return {"label": label, "badge": "live", "note": notes[found["source"]], **ends}


def _part(key, title, rows) -> Part:
    classes = Counter(row.label for row in rows)
    pictures = [Shot(_key_of(row), _caption(row)) for row in rows[:THUMBS]]
    counts = [OfClass(*one) for one in sorted(classes.items())]
    return Part(key, title, len(rows), counts, pictures)


def _key_of(row) -> str:
    if row.image is None:
        return row.prediction.input_key
    return "" if row.image.erased_at else row.image.storage_key


def _caption(row) -> str:
    if row.fate == Fate.LEFT_OUT:
        return str(gathering.REASONS.get(row.reason, row.reason))
    if row.is_correction:
        return f"{row.prediction.label} → {row.label}"
    return row.label


def _gathered(one) -> Step:
    title = _("Corrections taken up")
    if one.version_id:
        return Step(title, str(one.version), "done", one.version.get_absolute_url())
    if one.state == State.NOTHING:
        return Step(title, _("Everything is in the data already, or had to be left out."), "done")
    return Step(title, *_open(one, State.GATHERING))


def _trained(one) -> Step:
    title = _("Challenger trained")
    if one.run_id is None:
        return Step(title, "", "coming")
    state = "done" if one.challenger_id else "bad" if one.state == State.FAILED else "now"
    words = f"{one.run}: {states.look(one.run.shown_state).label}"
    return Step(title, words, state, one.run.get_absolute_url())


def _judged(one) -> Step:
    title = _("Judged against the champion")
    if one.judgement:
        return Step(title, judging.in_words(one.judgement), "done")
    return Step(title, *_open(one, State.JUDGING))


def _promoted(one) -> Step:
    title = _("Promoted")
    if one.promoted_at:
        state = "bad" if one.state == State.DEMOTED else "done"
        words = one.cause if one.state == State.DEMOTED else str(one.challenger)
        return Step(title, words, state, one.challenger.get_absolute_url())
    if one.state == State.KEPT:
        return Step(_("Champion kept"), one.cause, "done")
    if one.state == State.DECISION:
        return Step(title, _("It won: somebody decides whether it is promoted."), "now")
    return Step(title, "", "coming")


def _checked(one) -> Step:
    asked = one.receipts.filter(model_version=one.challenger_id or None).exclude(answer="")
    n, right = len(asked), sum(bool(row.now_right) for row in asked)
    if one.challenger_id and n:
        words = _("%(right)s of %(n)s are now answered right.") % {"right": right, "n": n}
        return Step(_("Corrections asked again"), words, "done")
    return Step(_("Corrections asked again"), *_open(one, State.CHECKING))


def _open(one, state) -> tuple[str, str]:
    if one.state == State.FAILED:
        return "", "coming"
    return ("", "now") if one.state == state else ("", "coming")
