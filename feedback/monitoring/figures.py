"""What an endpoint did in a period and in the one before it: added up from tallies."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from feedback.monitoring.periods import Period
from serving import rollups
from serving.figures import LEAST_FOR_P95
from serving.histograms import latency_percentile
from serving.models import Deployment, HourlyTally, RefusedTally

LEAST_FOR_P99 = 100
LEAST_FOR_SHARES = 20
DOUBTFUL_BUCKETS = range(1, 13)  # scores below 0.6, as feedback.health has it
FROM_THE_LOG = timedelta(hours=6)
TALLIED = ["hour", "n", "score_sum", "doubt_sum", "classes", "latency", "scores"]


@dataclass
class Totals:
    """Tallies added up."""

    n: int = 0
    score_sum: float = 0.0
    doubt_sum: float = 0.0
    classes: Counter = field(default_factory=Counter)
    latency: Counter = field(default_factory=Counter)
    scores: Counter = field(default_factory=Counter)
    refused: int = 0  # answered with 4xx: the client's to mend
    failed: int = 0  # answered with 5xx: ours to mend

    def add(self, n, score_sum, doubt_sum, classes, latency, scores) -> None:
        self.n += n
        self.score_sum += score_sum
        self.doubt_sum += doubt_sum
        for mine, theirs in [
            (self.classes, classes),
            (self.latency, latency),
            (self.scores, scores),
        ]:
            mine.update(theirs)

    def include(self, other: "Totals") -> None:
        """Add what another counted."""
        facts = (other.classes, other.latency, other.scores)
        self.add(other.n, other.score_sum, other.doubt_sum, *facts)
        self.refused += other.refused
        self.failed += other.failed

    def add_refused(self, status: int, n: int) -> None:
        if status >= 500:
            self.failed += n
        else:
            self.refused += n

    @property
    def requests(self) -> int:
        return self.n + self.refused + self.failed

    @property
    def doubtful(self) -> int:
        """Answers with a score below 0.6."""
        return sum(self.scores.get(str(bucket), 0) for bucket in DOUBTFUL_BUCKETS)

    def percentile(self, fraction: float, least: int) -> float | None:
        """A latency in milliseconds, None from fewer than `least` answers that were timed: what
        waits on purpose is not."""
        is_enough = self.latency.total() >= least
        return latency_percentile(self.latency, fraction) if is_enough else None

    def share(self, part: int, whole: int) -> float | None:
        return part / whole if whole >= LEAST_FOR_SHARES else None

    def as_data(self) -> dict:
        """The figures a page and the API show; None where n is too small for one."""
        return {
            "predictions": self.n,
            "requests": self.requests,
            "refused": self.refused,
            "failed": self.failed,
            "failed_share": self.share(self.failed, self.requests),
            "latency_p50_ms": self.percentile(0.5, 1),
            "latency_p95_ms": self.percentile(0.95, LEAST_FOR_P95),
            "latency_p99_ms": self.percentile(0.99, LEAST_FOR_P99),
            "doubtful": self.doubtful,
            "doubtful_share": self.share(self.doubtful, self.n),
            "classes": dict(self.classes.most_common()),
            "scores": [self.scores.get(str(bucket), 0) for bucket in range(1, 21)],
        }


@dataclass(frozen=True)
class Figures:
    """A period of an endpoint: altogether, before it, and bucket by bucket."""

    period: Period
    present: Totals
    previous: Totals
    buckets: list[Totals]


def measure(endpoint, period: Period) -> Figures:
    """Add up an endpoint's tallies of a period and the one before it, in two queries."""
    buckets = [Totals() for _start in period.starts]
    present, previous = Totals(), Totals()

    def part(at):
        place = period.place(at)
        return buckets[place] if place >= 0 else previous

    tallies = HourlyTally.objects.filter(endpoint=endpoint).between(period.before, period.until)
    for hour, *facts in tallies.values_list(*TALLIED):
        part(hour).add(*facts)
    refused = RefusedTally.objects.filter(endpoint=endpoint)
    refused = refused.filter(since__gte=period.before, since__lt=period.until)
    for since, status, n in refused.values_list("since", "status", "n"):
        part(since).add_refused(status, n)
    for bucket in buckets:
        present.include(bucket)
    return Figures(period, present, previous, buckets)


def totals(endpoint, since, until) -> Totals:
    """Add up any time: from the log itself where it is short, else in whole hours of tallies."""
    found = Totals()
    if until - since <= FROM_THE_LOG:
        rows = endpoint.predictions.in_use().filter(at__gte=since, at__lt=until)
        for facts in rollups.added_up(rows).values():
            found.add(*(facts[name] for name in rollups.FIGURES))
    else:
        hours = HourlyTally.objects.filter(endpoint=endpoint).between(_hour_of(since), until)
        for _hour, *facts in hours.values_list(*TALLIED):
            found.add(*facts)
    refused = RefusedTally.objects.filter(endpoint=endpoint, since__gte=since, since__lt=until)
    for status, n in refused.values_list("status", "n"):
        found.add_refused(status, n)
    return found


def _hour_of(at):
    return at.replace(minute=0, second=0, microsecond=0)


def changes_of_version(endpoint, period: Period) -> list[dict]:
    """When another model version began to answer: [{"at", "version"}], oldest first."""
    live = Deployment.objects.filter(endpoint=endpoint, live_at__lt=period.until)
    rows = live.order_by("live_at", "number").values_list("live_at", "model_version__number")
    found, before = [], None
    for at, version in rows:
        if version != before and at >= period.since:
            found.append({"at": at, "version": version})
        before = version
    return found
