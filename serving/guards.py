"""The guards of a canary: what its rows say against the limits it was given.

A guard trips only when chance does not explain what it sees: shares are judged by their 95 %
Wilson interval, and no guard says anything below the canary's least number of answers. Five
failures are enough, though: who fails always would otherwise never have answered often enough.
"""

from statistics import median
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from lepton.templatetags.ui import percent
from serving import challengers, comparing
from serving.models import Challenger, Prediction
from training.engine.evaluate import wilson_interval

FAILURES_ENOUGH = 5
NEWEST = 1_000  # answers looked at, so that looking costs the same however long it runs
NOISE_MS = 5  # medians closer than that are alike, whatever their ratio


class Reading(NamedTuple):
    """What one guard sees; `trips` is None until there is enough to say."""

    key: str
    title: str
    words: str
    trips: bool | None


def read(canary: Challenger) -> list[Reading]:
    """What each guard of a canary sees now."""
    return [_failing(canary), _latency(canary), _agreement(canary)]


def watch(canary: Challenger) -> bool:
    """Roll a canary back if one of its guards trips; returns whether that happened."""
    tripped = next((one for one in read(canary) if one.trips), None)
    return bool(tripped) and challengers.roll_back(canary.pk, cause=tripped.words)


def _failing(canary):
    newest = _newest(canary, canary.model_version_id)
    since = newest[-1][0] if len(newest) == NEWEST else canary.live_at
    failed, title = canary.failures.filter(at__gte=since).count(), _("Failures")
    n = failed + len(newest)
    if n < canary.least_answers and failed < FAILURES_ENOUGH:
        return Reading("failing", title, _so_few(n, canary), None)
    low, _high = wilson_interval(failed, n)
    words = _("%(failed)s of %(n)s requests failed; at most %(limit)s may.") % {
        "failed": failed,
        "n": n,
        "limit": percent(canary.most_failing_percent / 100),
    }
    return Reading("failing", title, words, low > canary.most_failing_percent / 100)


def _latency(canary):
    champion = canary.endpoint.champion
    theirs = champion and champion.model_version_id
    ours, before = (_latencies(canary, version) for version in (canary.model_version_id, theirs))
    title = _("Latency")
    if min(len(ours), len(before)) < canary.least_answers:
        return Reading("latency", title, _so_few(min(len(ours), len(before)), canary), None)
    ours_ms, before_ms = median(ours), median(before)
    slower = ours_ms > before_ms * canary.most_latency_ratio and ours_ms - before_ms > NOISE_MS
    words = _(
        "A median of %(ours)s ms against the champion's %(theirs)s ms; %(limit)s times may be."
    )
    facts = {
        "ours": number_format(ours_ms, 1),
        "theirs": number_format(before_ms, 1),
        "limit": number_format(canary.most_latency_ratio, 1),
    }
    return Reading("latency", title, words % facts, slower)


def _agreement(canary):
    seen, title = comparing.agreement(canary, newest=NEWEST), _("Agreement with the champion")
    if seen.n < canary.least_answers:
        return Reading("agreement", title, _so_few(seen.n, canary), None)
    _low, high = wilson_interval(seen.agreeing, seen.n)
    words = _("The same answer for %(agreeing)s of %(n)s inputs; at least %(limit)s is asked.") % {
        "agreeing": seen.agreeing,
        "n": seen.n,
        "limit": percent(canary.least_agreement_percent / 100),
    }
    return Reading("agreement", title, words, high < canary.least_agreement_percent / 100)


def _newest(canary, version_id) -> list[tuple]:
    """When a version answered while the canary ran, and in how many milliseconds."""
    rows = Prediction.objects.filter(
        endpoint=canary.endpoint_id, model_version=version_id, at__gte=canary.live_at
    )
    return list(rows.order_by("-at").values_list("at", "latency_ms")[:NEWEST])


def _latencies(canary, version_id) -> list[float]:
    return [latency_ms for _at, latency_ms in _newest(canary, version_id)]


def _so_few(n, canary) -> str:
    return _("%(n)s of %(needed)s answers.") % {"n": n, "needed": canary.least_answers}
