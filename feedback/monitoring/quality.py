"""How good the answers were: as people said (realised), and as the model itself expects.

The two are never mixed: mean confidence is an estimate with an interval of its own, no accuracy.
"""

from dataclasses import dataclass, field
from math import sqrt

import numpy as np
from django.db.models import Case, Count, F, Sum, When

from feedback.figures import MINIMUM_N, Verdict
from feedback.models import Feedback
from feedback.monitoring.figures import Totals
from feedback.monitoring.periods import Period, start_of
from serving.models import HourlyTally
from training.engine.evaluate import (
    Z95,
    posterior_intervals,
    precision_recall_f1,
    wilson_interval,
)
from training.models import Evaluation, Split

MINIMUM_OF_A_CLASS = 10
FIGURES = ("precision", "recall", "f1")


@dataclass
class Judged:
    """Answers that people confirmed or corrected: {(what the model said, what it was): n}."""

    cells: dict = field(default_factory=dict)

    def add(self, said: str, was: str, n: int) -> None:
        self.cells[said, was] = self.cells.get((said, was), 0) + n

    @property
    def n(self) -> int:
        return sum(self.cells.values())

    @property
    def right(self) -> int:
        return sum(n for (said, was), n in self.cells.items() if said == was)

    @property
    def still_needed(self) -> int:
        return max(0, MINIMUM_N - self.n)

    @property
    def accuracy(self) -> float | None:
        return None if self.still_needed else self.right / self.n

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """The 95 % Wilson interval of the accuracy."""
        return (None, None) if self.still_needed else wilson_interval(self.right, self.n)

    @property
    def classes(self) -> list[str]:
        return sorted({name for cell in self.cells for name in cell})

    def matrix(self) -> np.ndarray:
        """Counts [classes, classes]: rows what it was, columns what the model said."""
        place = {name: i for i, name in enumerate(self.classes)}
        counts = np.zeros((len(place), len(place)), dtype=np.int64)
        for (said, was), n in self.cells.items():
            counts[place[was], place[said]] += n
        return counts

    def as_data(self) -> dict:
        low, high = self.interval
        accuracy = {"accuracy": self.accuracy, "accuracy_low": low, "accuracy_high": high}
        return {"n": self.n, "still_needed": self.still_needed, **accuracy, **self._shares()}

    def _shares(self) -> dict:
        """Precision, recall and F1 per class and their means, with 95 % intervals."""
        empty = {f"macro_{name}{end}": None for name in FIGURES for end in ("", "_low", "_high")}
        if self.still_needed:
            return empty | {"per_class": []}
        matrix = self.matrix()
        measured = np.stack(precision_recall_f1(matrix))
        of_class, of_mean = posterior_intervals(matrix)
        found = {}
        for k, name in enumerate(FIGURES):
            found |= _with_interval(f"macro_{name}", measured[k].mean(), of_mean[k])
        rows = enumerate(self.classes)
        found["per_class"] = [_class(name, i, matrix, measured, of_class) for i, name in rows]
        return found


def _class(label, i, matrix, measured, intervals) -> dict:
    """One class; a figure from too few rows is None."""
    was, said = int(matrix[i].sum()), int(matrix[:, i].sum())
    enough = {"precision": said, "recall": was, "f1": min(was, said)}
    row = {"label": label, "n": was, "answered": said}
    for k, name in enumerate(FIGURES):
        is_shown = enough[name] >= MINIMUM_OF_A_CLASS
        value, ends = measured[k, i], intervals[k][i]
        row |= _with_interval(name, value, ends) if is_shown else _unknown(name)
    return row


def _with_interval(name, value, ends) -> dict:
    low, high = ends
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def _unknown(name) -> dict:
    return {name: None, f"{name}_low": None, f"{name}_high": None}


@dataclass(frozen=True)
class Estimate:
    """What the model's own confidence says of its accuracy, without labels."""

    value: float
    low: float
    high: float
    n: int


def estimate(n, score_sum, doubt_sum, calibration_error) -> Estimate | None:
    """Return the mean score of `n` answers with a 95 % interval, None from too few.

    If scores are calibrated, the number of right answers is a sum of independent Bernoulli draws
    with these means, of variance Σ s (1 − s). How far the calibration may be off is as uncertain
    as the accuracy on the held-out images (`calibration_error`, a standard error): added.
    """
    if n < MINIMUM_N or calibration_error is None:
        return None
    mean = score_sum / n
    half = Z95 * sqrt(doubt_sum / n**2 + calibration_error**2)
    return Estimate(mean, max(0.0, mean - half), min(1.0, mean + half), n)


@dataclass(frozen=True)
class Quality:
    """Realised and estimated, over a period and bucket by bucket."""

    period: Period
    realised: Judged
    previous: Judged
    buckets: list[Judged]
    by_version: dict[int, Judged]
    estimated: Estimate | None
    estimated_buckets: list[Estimate | None]


def measure(endpoint, period: Period) -> Quality:
    """Look at the answers of a period; feedback counts for when the answer was given."""
    buckets = [Judged() for _start in period.starts]
    present, previous, by_version = Judged(), Judged(), {}
    found = judged(endpoint, period.before, period.until, step=period.step)
    for start, version, said, was, n in found:
        place = period.place(start)
        parts = [previous]
        if place >= 0:
            parts = [present, buckets[place], by_version.setdefault(version, Judged())]
        for part in parts:
            part.add(said, was, n)
    return Quality(period, present, previous, buckets, by_version, *_estimated(endpoint, period))


def judged(endpoint, since, until, *, step=None):
    """(when, model version, what it said, what it was, n) of answers with standing feedback; `when`
    is where a bucket of `step` begins, without it the whole time is one."""
    return (
        Feedback.objects.current()
        .filter(endpoint=endpoint, verdict__in=[Verdict.CONFIRM, Verdict.CORRECT])
        .filter(predicted_at__gte=since, predicted_at__lt=until)
        .annotate(
            start=start_of("predicted_at", since, step or until - since),
            was=Case(When(verdict=Verdict.CORRECT, then="label"), default=F("predicted_label")),
        )
        .values_list("start", "model_version__number", "predicted_label", "was")
        .annotate(n=Count("pk"))
        .order_by("start")
    )


def _estimated(endpoint, period):
    sums = [Totals() for _start in period.starts]
    errors = calibration_errors(endpoint)
    worst = {}
    rows = HourlyTally.objects.filter(endpoint=endpoint).between(period.since, period.until)
    rows = rows.annotate(start=start_of("hour", period.since, period.step)).order_by()
    added_up = (Sum("n"), Sum("score_sum"), Sum("doubt_sum"))
    for start, version, *facts in rows.values_list("start", "model_version").annotate(*added_up):
        place = period.place(start)
        sums[place].add(*facts, {}, {}, {})
        worst.setdefault(place, []).append(errors.get(version))
    found = [
        estimate(one.n, one.score_sum, one.doubt_sum, _worst(worst.get(place, [])))
        for place, one in enumerate(sums)
    ]
    n, total, doubt = (
        sum(getattr(one, name) for one in sums) for name in ("n", "score_sum", "doubt_sum")
    )
    every = [error for errors in worst.values() for error in errors]
    return estimate(n, total, doubt, _worst(every)), found


def _worst(errors) -> float | None:
    """The largest; None if there is none, or one is not known."""
    return None if not errors or None in errors else max(errors)


def calibration_errors(endpoint) -> dict:
    """By model version: the standard error of its accuracy on the test images."""
    rows = Evaluation.objects.filter(
        split=Split.TEST, model_version__engagement=endpoint.engagement_id
    )
    facts = rows.order_by("at").values_list("model_version", "accuracy_low", "accuracy_high")
    return {version: (high - low) / 2 / Z95 for version, low, high in facts}
