"""Reads what a rule watches, and holds it against the rule's threshold."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from math import sqrt

from django.utils import timezone

from feedback.alerts.models import AlertRule
from feedback.models import DriftFinding, DriftReference
from feedback.monitoring import figures, quality
from training.engine.evaluate import wilson_interval

Metric, Test = AlertRule.Metric, AlertRule.Test
SHARES = {Metric.FAILED, Metric.REFUSED, Metric.DOUBTFUL, Metric.ACCURACY, Metric.ESTIMATED}
DRIFT = {
    Metric.DRIFT_INPUTS: DriftFinding.Kind.INPUTS,
    Metric.DRIFT_ANSWERS: DriftFinding.Kind.ANSWERS,
    Metric.DRIFT_QUALITY: DriftFinding.Kind.QUALITY,
}
OF_ONE_VERSION = {Metric.ACCURACY, Metric.ESTIMATED, *DRIFT}  # another one begins anew
FLOWS = {Metric.FAILED: "failed", Metric.REFUSED: "refused"}


@dataclass(frozen=True)
class Reading:
    """A metric in a window: its value from `n` rows, with a 95 % interval where it is a share."""

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Outcome:
    """Whether a rule is met (None: too little to say), and the figures that say so."""

    is_met: bool | None
    reading: Reading
    previous: Reading | None = None

    @property
    def n(self) -> int:
        """What there is of both windows."""
        return min(self.reading.n, self.previous.n) if self.previous else self.reading.n

    @property
    def evidence(self) -> dict:
        return asdict(self.reading) | {"previous": self.previous and asdict(self.previous)}


def look(rule, champion) -> Outcome:
    """Hold a rule against the rows as they are now; `champion` is the deployment in place."""
    if rule.metric in DRIFT:
        return _drift(rule, champion)
    until, window = timezone.now(), timedelta(minutes=rule.window_minutes)
    if rule.test in (Test.RISE, Test.FALL):
        now = read(rule, until - window, until)
        before = read(rule, until - 2 * window, until - window)
        return Outcome(_has_changed(rule, now, before), now, before)
    since = until - window
    if rule.metric in OF_ONE_VERSION and champion:
        since = max(since, champion.live_at)
    now = read(rule, since, until)
    return Outcome(_is_beyond(rule, now), now)


def read(rule, since, until) -> Reading:
    """Read a rule's metric in a time."""
    if rule.metric == Metric.ACCURACY:
        judged = quality.Judged()
        for *_place, said, was, n in quality.judged(rule.endpoint, since, until):
            judged.add(said, was, n)
        return _share(judged.right, judged.n)
    total = figures.totals(rule.endpoint, since, until)
    if rule.metric in FLOWS:
        return _share(getattr(total, FLOWS[rule.metric]), total.requests)
    if rule.metric == Metric.DOUBTFUL:
        return _share(total.doubtful, total.n)
    if rule.metric == Metric.LATENCY:
        return Reading(total.percentile(0.95, 1), total.n)
    if rule.metric == Metric.ESTIMATED:
        return _estimate(rule.endpoint, total)
    return Reading(total.n, total.n)


def _share(part, whole) -> Reading:
    return (
        Reading(part / whole, whole, *wilson_interval(part, whole)) if whole else Reading(None, 0)
    )


def _estimate(endpoint, total) -> Reading:
    champion = endpoint.champion
    error = champion and quality.calibration_errors(endpoint).get(champion.model_version_id)
    found = quality.estimate(total.n, total.score_sum, total.doubt_sum, error)
    return Reading(found.value, found.n, found.low, found.high) if found else Reading(None, total.n)


def _is_beyond(rule, now) -> bool | None:
    """A share is beyond a threshold only when its whole interval is."""
    if rule.metric != Metric.VOLUME and (now.value is None or now.n < rule.minimum_n):
        return None
    if rule.test == Test.ABOVE:
        return (now.value if now.low is None else now.low) > rule.threshold
    return (now.value if now.high is None else now.high) < rule.threshold


def _has_changed(rule, now, before) -> bool | None:
    """A share has changed by the threshold at least, and surely; other metrics in proportion."""
    n = before.n if rule.metric == Metric.VOLUME else min(now.n, before.n)
    if n < max(rule.minimum_n, 1) or None in (now.value, before.value):
        return None
    sign = 1 if rule.test == Test.RISE else -1
    if rule.metric not in SHARES:
        return bool(before.value) and sign * (now.value / before.value - 1) >= rule.threshold
    low, high = difference_interval(now, before)
    is_sure = low > 0 if sign > 0 else high < 0
    return is_sure and sign * (now.value - before.value) >= rule.threshold


def difference_interval(now, before) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two shares (Newcombe, Statistics in Medicine
    17, 1998, 873-890, method 10)."""
    difference = now.value - before.value
    below = sqrt((now.value - now.low) ** 2 + (before.high - before.value) ** 2)
    above = sqrt((now.high - now.value) ** 2 + (before.value - before.low) ** 2)
    return difference - below, difference + above


def _drift(rule, champion) -> Outcome:
    """What the newest look found, if it was at the traffic of what answers now."""
    version = champion and champion.model_version_id
    found = DriftFinding.objects.filter(look__endpoint=rule.endpoint, kind=DRIFT[rule.metric])
    newest = found.filter(look__model_version=version).order_by("-at").first()
    if newest is None or newest.n_recent < rule.minimum_n:
        return Outcome(None, Reading(None, newest.n_recent if newest else 0))
    standing = DriftReference.objects.standing(rule.endpoint, version)
    is_met = newest.has_drifted and newest.look.reference_id == standing.pk
    return Outcome(is_met, Reading(newest.corrected_p_value, newest.n_recent))
