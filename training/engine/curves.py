"""Curves of a classifier over its threshold, its calibration, and two compared. NumPy only."""

from dataclasses import dataclass
from math import comb, lgamma

import numpy as np

from training.engine.evaluate import Z95, wilson_interval


@dataclass(frozen=True)
class Curve:
    """What one class is found with at every threshold, from the strictest to "everything".

    `thresholds` float [k], falling; an answer counts as the class where its score is at least the
    threshold. `found` and `alarms` int [k]: right and wrong ones among them. `positive` rows are of
    the class, `negative` are not.
    """

    thresholds: np.ndarray
    found: np.ndarray
    alarms: np.ndarray
    positive: int
    negative: int

    @property
    def recall(self) -> np.ndarray:
        """The true positive rate, float [k]."""
        return self.found / self.positive

    @property
    def alarm_rate(self) -> np.ndarray:
        """The false positive rate, float [k]."""
        return self.alarms / self.negative

    @property
    def precision(self) -> np.ndarray:
        """Float [k]; every threshold has at least one answer above it."""
        return self.found / (self.found + self.alarms)

    @property
    def average_precision(self) -> float:
        """The sum of precision over the steps of recall, as scikit-learn's."""
        return float(np.sum(np.diff(self.recall, prepend=0) * self.precision))

    def costs(self, alarm: float, miss: float) -> np.ndarray:
        """What each threshold costs on these rows, float [k]: per false alarm and per miss."""
        return self.alarms * alarm + (self.positive - self.found) * miss

    def cheapest(self, alarm: float, miss: float) -> tuple[float, float]:
        """Return the threshold that costs least on these rows, and that cost.

        Where a stretch of thresholds costs the same, its middle: the furthest from both mistakes.
        """
        costs = self.costs(alarm, miss)
        first = last = int(costs.argmin())
        while last + 1 < len(costs) and costs[last + 1] == costs[first]:
            last += 1
        below = self.thresholds[last + 1] if last + 1 < len(costs) else 0.0
        return float(self.thresholds[first] + below) / 2, float(costs[first])


def curve(is_class: np.ndarray, scores: np.ndarray) -> Curve:
    """Return the curve of one class; `is_class` bool [n], `scores` float [n].

    Raises ValueError unless there are rows of the class and of others.
    """
    positive = int(is_class.sum())
    if not 0 < positive < len(is_class):
        raise ValueError("A curve needs rows of the class and rows of others.")
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)  # of each distinct score
    found = np.cumsum(is_class[order])[last]
    return Curve(ordered[last], found, last + 1 - found, positive, len(is_class) - positive)


def at(is_class: np.ndarray, scores: np.ndarray, threshold: float) -> dict:
    """Return the counts and shares with an answer called the class from `threshold` on.

    {found, alarms, missed, passed, precision, recall, f1}, the two shares with their 95 % Wilson
    intervals; None where there is nothing to divide by.
    """
    called = scores >= threshold
    found, alarms = int((called & is_class).sum()), int((called & ~is_class).sum())
    missed = int(is_class.sum()) - found
    counts = {"found": found, "alarms": alarms, "missed": missed}
    counts["passed"] = len(scores) - found - alarms - missed
    whole = 2 * found + alarms + missed
    shares = {"f1": 2 * found / whole if whole else None}
    for name, of in (("precision", found + alarms), ("recall", found + missed)):
        shares[name] = found / of if of else None
        shares[f"{name}_interval"] = wilson_interval(found, of) if of else None
    return counts | shares


def reliability(labels: np.ndarray, probabilities: np.ndarray, *, bins: int = 10) -> list[dict]:
    """Return how often answers of like confidence were right: [{low, high, n, confidence, accuracy,
    interval}] of the equal-width bins that hold any (Guo et al., ICML 2017, figure 4)."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    which = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = []
    for number in range(bins):
        inside = which == number
        if n := int(inside.sum()):
            rows.append(
                {
                    "low": number / bins,
                    "high": (number + 1) / bins,
                    "n": n,
                    "confidence": float(confidence[inside].mean()),
                    "accuracy": float(right[inside].mean()),
                    "interval": wilson_interval(int(right[inside].sum()), n),
                }
            )
    return rows


def compared(right_a: np.ndarray, right_b: np.ndarray) -> dict:
    """Compare two classifiers on the same rows; `right_a` and `right_b` bool [n].

    {n, both, only_a, only_b, neither, difference, interval, p}: the difference of the accuracies
    b - a with its 95 % interval (Newcombe, Statistics in Medicine 17, 1998, 2635-2650, method 10)
    and the p value of the exact McNemar test, two-sided.
    """
    n = len(right_a)
    both, neither = int((right_a & right_b).sum()), int((~right_a & ~right_b).sum())
    only_a, only_b = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum())
    return {
        "n": n,
        "both": both,
        "only_a": only_a,
        "only_b": only_b,
        "neither": neither,
        "difference": (only_b - only_a) / n,
        "interval": _paired_interval(both, only_b, only_a, neither),
        "p": mcnemar(only_a, only_b),
    }


def mcnemar(b: int, c: int) -> float:
    """Return the p value of the exact two-sided McNemar test of `b` against `c` discordant rows."""
    n, least = b + c, min(b, c)
    tail = sum(comb(n, k) for k in range(least + 1)) / 2**n
    return min(1.0, 2 * tail)


def difference_interval(a: int, n: int, b: int, m: int) -> tuple[float, float]:
    """Return the 95 % interval of a / n - b / m for independent samples: Newcombe's hybrid score
    interval (Statistics in Medicine 17, 1998, 873-890, method 10)."""
    first, second = a / n, b / m
    l1, u1 = wilson_interval(a, n, z=Z95)
    l2, u2 = wilson_interval(b, m, z=Z95)
    below = ((first - l1) ** 2 + (u2 - second) ** 2) ** 0.5
    above = ((u1 - first) ** 2 + (second - l2) ** 2) ** 0.5
    return first - second - below, first - second + above


def fisher(a: int, n: int, b: int, m: int) -> float:
    """Return the p value of Fisher's exact two-sided test of a of n against b of m: the sum over
    all tables with these margins that are no more probable than this one."""
    hits = a + b
    least, most = max(0, hits - m), min(n, hits)
    logs = [_log_comb(n, k) + _log_comb(m, hits - k) for k in range(least, most + 1)]
    here = logs[a - least]
    top = max(logs)
    weights = np.exp(np.array(logs) - top)
    as_rare = np.array(logs) <= here + 1e-7  # as scipy and R take ties
    return min(1.0, float(weights[as_rare].sum() / weights.sum()))


def holm(values: list[float]) -> list[float]:
    """Return p values corrected for their number (Holm, Scandinavian Journal of Statistics 6,
    1979, 65-70), in their order."""
    corrected, worst = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        worst = max(worst, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = worst
    return corrected


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _paired_interval(e: int, f: int, g: int, h: int) -> tuple[float, float]:
    """Newcombe's hybrid score interval of (e + f) / n - (e + g) / n, with their correlation."""
    n = e + f + g + h
    first, second = (e + f) / n, (e + g) / n
    l1, u1 = wilson_interval(e + f, n, z=Z95)
    l2, u2 = wilson_interval(e + g, n, z=Z95)
    margins = (e + f) * (g + h) * (e + g) * (f + h)
    top = e * h - f * g
    top = max(top - n / 2, 0) if top > 0 else top
    phi = top / margins**0.5 if margins else 0.0
    below = (first - l1) ** 2 - 2 * phi * (first - l1) * (u2 - second) + (u2 - second) ** 2
    above = (second - l2) ** 2 - 2 * phi * (second - l2) * (u1 - first) + (u1 - first) ** 2
    difference = first - second
    return difference - max(below, 0) ** 0.5, difference + max(above, 0) ** 0.5
