"""Health: one figure from 0 to 100 out of named inputs, each shown with its weight.

The apps that own the facts register them:
def find(engagement) -> Reading: …
health.register("serving.errors", _("Errors"), 2, find)
"""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db.models import Avg, Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from engagements.models import Rating, Verdict


class Reading(NamedTuple):
    """How good one input is, 0 (bad) to 1 (good), and why; None: it was not measured."""

    score: float | None
    words: str
    evidence: dict = {}  # the numbers the score was computed from


class Input(NamedTuple):
    """One named input."""

    key: str
    title: str  # translated when shown
    weight: int
    find: Callable[..., Reading]


_inputs: dict[str, Input] = {}


def register(key: str, title: str, weight: int, find) -> None:
    """Let an input count into health with a whole `weight`."""
    _inputs[key] = Input(key, title, weight, find)


def look(engagement) -> list[dict]:
    """Return every input as it is now: [{key, title, weight, score, words, evidence}].

    `score` is 0 to 1, or None where it was not measured.
    """
    found = []
    for one in _inputs.values():
        reading = one.find(engagement)
        score = None if reading.score is None else round(reading.score, 4)
        facts = {"key": one.key, "title": str(one.title), "weight": one.weight}
        facts |= {"score": score, "words": str(reading.words), "evidence": reading.evidence}
        found.append(facts)
    return found


def score(inputs: list[dict]) -> Decimal | None:
    """Return 100 · Σ weight · score / Σ weight over the measured inputs, to one decimal.

    None where nothing was measured. Computed from what is shown, so anybody can do it again.
    """
    known = [(one["weight"], Decimal(str(one["score"]))) for one in inputs if _is_known(one)]
    if not known:
        return None
    total = sum(weight for weight, _score in known)
    mean = sum(weight * score for weight, score in known) * 100 / total
    return mean.quantize(Decimal("0.1"), ROUND_HALF_UP)


def register_own():
    """The inputs that the record itself knows."""
    for key, title, weight, find in [
        ("margin", gettext_lazy("Margin to the contract"), 3, contract_margin),
        ("overdue", gettext_lazy("Overdue action items"), 2, overdue),
        ("satisfaction", gettext_lazy("Satisfaction"), 2, satisfaction),
    ]:
        register(f"engagements.{key}", title, weight, find)


def contract_margin(engagement) -> Reading:
    """How much of the 95 % interval lies on the target or above it, at the worst criterion.

    Of the newest verdict under the standing contract: a pass is 1, a fail is 0.
    """
    newest = Verdict.objects.newest_under(engagement.contract)
    if newest is None:
        return Reading(None, _("No verdict under the standing contract yet."))
    words = {"model": newest.candidate_label, "outcome": newest.get_outcome_display()}
    words = _("%(model)s: %(outcome)s.") % words
    judged = [one for one in newest.criteria if one["n"]]
    if not judged:
        return Reading(None, words)
    worst = min(judged, key=_share_above)
    evidence = {name: worst[name] for name in ("key", "label", "low", "high", "target", "n")}
    return Reading(_share_above(worst), words, evidence)


def overdue(engagement) -> Reading:
    """Open action items that are not overdue, as a share of the open ones with a date."""
    n = engagement.actionitems.still_open().exclude(due_on=None).count()
    if not n:
        return Reading(None, _("No open item has a date."))
    late = engagement.actionitems.overdue().count()
    words = _("%(late)s of %(n)s open items with a date are overdue.") % {"late": late, "n": n}
    return Reading(1 - late / n, words, {"overdue": late, "dated": n})


def satisfaction(engagement) -> Reading:
    """The mean of the customer's ratings, 1 to 5, on a scale from 0 to 1."""
    rated = Rating.objects.filter(milestone__engagement=engagement)
    found = rated.aggregate(mean=Avg("score"), n=Count("id"))
    mean, n = found["mean"], found["n"]
    if mean is None:
        return Reading(None, _("Nothing was rated yet."))
    words = _("%(mean)s of 5 on average (n = %(n)s).") % {"mean": f"{mean:.1f}", "n": n}
    return Reading((mean - 1) / 4, words, {"mean": round(mean, 4), "n": n})


def _share_above(criterion) -> float:
    """The part of an interval that lies on its target or above it, 0 to 1."""
    low, high, target = criterion["low"], criterion["high"], criterion["target"]
    if low >= target or high <= low:
        return float(low >= target)
    return max(0.0, (high - target) / (high - low))


def _is_known(one) -> bool:
    return one["score"] is not None
