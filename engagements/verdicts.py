"""Verdicts: figures against targets, judged by the 95 % interval and never by the point estimate.

All criteria must hold, each at its own 95 % interval. For a pass that is an intersection-union
test, which needs no correction for their number (Berger, Technometrics 24, 1982, 295-300).
"""

import math
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engagements.models import Outcome

Z95 = 1.959963984540054  # the normal distribution's 97.5 % quantile
P95 = 0.95


class Interval(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, n: int) -> Interval:
    """Return a proportion with its Wilson score interval (Wilson, JASA 22, 1927, 209-212)."""
    share, width = hits / n, Z95 * Z95 / n
    centre = (share + width / 2) / (1 + width)
    half = Z95 * math.sqrt(share * (1 - share) / n + width / (4 * n)) / (1 + width)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def proportion(key, hits, n, target, *, label="") -> dict:
    """Judge `hits` of `n` against `target`."""
    if not n:
        return _unmeasured(key, target, label)
    figure = wilson(hits, n)
    return _judged(key, figure, n, target, label, items_for_proportion(figure.value, n, target))


def stored(key, figure, n, target) -> dict:
    """Judge a figure by the 95 % interval its evaluation stored, if it could be measured."""
    if figure is None:
        return _unmeasured(key, target, "")
    return _judged(key, figure, n, target, "", items_for_interval(figure, n, target))


def p95_latency(within, n, limit_ms) -> dict:
    """Judge a limit on the 95th percentile of latency.

    It is at most the limit exactly when at least 95 % of answers come within it, so the share
    within is judged as a proportion; no shape of the distribution is assumed.
    """
    return proportion("p95_latency", within, n, P95) | {"limit_ms": limit_ms}


def items_for_proportion(share: float, n: int, target: float) -> int | None:
    """Return how many more items would settle it if the share stayed as it is; None if none would.

    The Wilson interval holds the targets that the score test does not reject (Wilson 1927), so it
    leaves `target` out from N = z² t (1 − t) / (share − t)² items on. Assumes that further items
    are drawn like the first and come out alike.
    """
    if share == target:
        return None
    needed = math.floor(Z95**2 * target * (1 - target) / (share - target) ** 2) + 1
    return max(1, needed - n)


def items_for_interval(figure, n: int, target: float) -> int | None:
    """Return how many more items would settle it if the figure stayed as it is; None if none would.

    An interval's half width shrinks with the square root of n (Efron and Tibshirani, 1993,
    chapter 13), so N = n (half width towards the target / distance to it)². Assumes that further
    items are drawn like the first and come out alike.
    """
    distance = abs(figure.value - target)
    if not distance:
        return None
    half = figure.value - figure.low if figure.value > target else figure.high - figure.value
    return max(1, math.floor(n * (half / distance) ** 2) + 1 - n)


def assess(contract, candidate, latency) -> list[dict]:
    """Return each criterion of a contract judged; `latency` is (within, n) of p95_latency_ms."""
    found = []
    if contract.accuracy_target is not None:
        target = float(contract.accuracy_target)
        found.append(proportion("accuracy", candidate.correct, candidate.n, target))
    for key in ("macro_f1", "macro_auc"):
        target = getattr(contract, f"{key}_target")
        if target is not None:
            found.append(stored(key, getattr(candidate, key), candidate.n, float(target)))
    for label, least in sorted(contract.minimum_recalls.items()):
        hits, given = candidate.recalls.get(label, (0, 0))
        found.append(proportion("recall", hits, given, float(least), label=label))
    if contract.p95_latency_ms is not None:
        found.append(p95_latency(*latency, contract.p95_latency_ms))
    return found


def overall(criteria) -> Outcome:
    """Fail if any criterion fails, pass if all pass, else inconclusive."""
    outcomes = {one["outcome"] for one in criteria}
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    return Outcome.PASS if outcomes == {Outcome.PASS} else Outcome.INCONCLUSIVE


def title(criterion) -> str:
    """Name a criterion for people."""
    if criterion["key"] == "recall":
        return _("Recall of “%s”") % criterion["label"]
    if criterion["key"] == "p95_latency":
        return _("Answers within %s ms") % number_format(criterion["limit_ms"], 0)
    names = {"accuracy": _("Accuracy"), "macro_f1": _("Macro F1"), "macro_auc": _("Macro AUC")}
    return names[criterion["key"]]


def words(criterion) -> str:
    """Say in a sentence what became of a criterion and what would settle it."""
    if criterion["n"] == 0:
        return _("Not measured yet.")
    if criterion["outcome"] == Outcome.PASS:
        return _("The whole 95% interval lies on the target or above it.")
    if criterion["outcome"] == Outcome.FAIL:
        return _("The whole 95% interval lies below the target.")
    return _("The target lies inside the 95%% interval. %s") % _advice(criterion)


def _advice(criterion):
    more = criterion["needed"]
    if more is None:
        return _("At this very figure no number of items would settle it.")
    number = number_format(more, 0, force_grouping=True)
    if criterion["key"] == "p95_latency":
        told = ngettext("%s more answer would settle it.", "%s more answers would settle it.", more)
    elif criterion["key"] == "recall":
        told = ngettext(
            "%s more labelled item of this class would settle it.",
            "%s more labelled items of this class would settle it.",
            more,
        )
    else:
        told = ngettext(
            "%s more labelled item would settle it.",
            "%s more labelled items would settle it.",
            more,
        )
    return told % number


def _judged(key, figure, n, target, label, needed) -> dict:
    outcome = Outcome.INCONCLUSIVE
    if figure.low >= target:
        outcome = Outcome.PASS
    elif figure.high < target:
        outcome = Outcome.FAIL
    return {
        "key": key,
        "label": label,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "n": n,
        "target": target,
        "outcome": outcome.value,
        "needed": needed if outcome == Outcome.INCONCLUSIVE else None,
    }


def _unmeasured(key, target, label):
    nothing = dict.fromkeys(("value", "low", "high", "needed"))
    facts = {"key": key, "label": label, "n": 0, "target": target}
    return facts | nothing | {"outcome": Outcome.INCONCLUSIVE.value}
