"""What people's answers say about a model: counts, and the accuracy they add up to."""

from dataclasses import dataclass

from django.db.models import Count, Q

from feedback.models import Feedback
from training.engine.evaluate import wilson_interval

MINIMUM_N = 20
Verdict = Feedback.Verdict


@dataclass(frozen=True)
class Answers:
    """The standing answers to the predictions of one model version, or of all together."""

    confirmed: int
    corrected: int
    rejected: int
    version: int | None = None

    @property
    def total(self) -> int:
        return self.confirmed + self.corrected + self.rejected

    @property
    def n(self) -> int:
        """The answers that say right or wrong; a rejected input says neither."""
        return self.confirmed + self.corrected

    @property
    def still_needed(self) -> int:
        """How many more of those it takes before a figure is shown."""
        return max(0, MINIMUM_N - self.n)

    @property
    def accuracy(self) -> float | None:
        return None if self.still_needed else self.confirmed / self.n

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval of the accuracy."""
        return None if self.still_needed else wilson_interval(self.confirmed, self.n)


def by_version(engagement) -> list[Answers]:
    """Return the answers per model version, the newest version first, in one query."""
    counts = {
        verdict: Count("pk", filter=Q(verdict=verdict))
        for verdict in (Verdict.CONFIRM, Verdict.CORRECT, Verdict.REJECT)
    }
    rows = (
        Feedback.objects.current()
        .filter(endpoint__engagement=engagement)
        .values_list("model_version__number")
        .annotate(**counts)
        .order_by("-model_version__number")
    )
    return [Answers(*numbers, version=version) for version, *numbers in rows]


def first_given(engagement, since, until):
    """When the first answer of that time that was not taken back was given, or None."""
    given = Feedback.objects.opinions().filter(endpoint__engagement=engagement)
    given = given.filter(created_at__gte=since, created_at__lt=until)
    return given.values_list("created_at", flat=True).first()


def together(answers: list[Answers]) -> Answers:
    """Return the answers of all versions as one."""
    parts = [(a.confirmed, a.corrected, a.rejected) for a in answers] or [(0, 0, 0)]
    return Answers(*(sum(column) for column in zip(*parts, strict=True)))
