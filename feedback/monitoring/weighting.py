"""Accuracy from rows that were drawn with unequal, known probabilities."""

from dataclasses import dataclass

import numpy as np

from training.engine.evaluate import wilson_interval


@dataclass(frozen=True)
class Weighted:
    """An estimate with its 95 % interval; `effective_n` equally drawn rows would say as much."""

    value: float
    low: float
    high: float
    n: int
    effective_n: float


def hajek(right: np.ndarray, probability: np.ndarray) -> Weighted:
    """Return the share of right answers among all, from rows drawn with `probability` each.

    Each row counts 1 / probability (Hájek, 1971: weights normalised by their sum). The interval
    is Wilson's with Kish's effective sample size, (Σ w)² / Σ w² (Survey Sampling, 1965).
    `right` bool [n], `probability` float [n] in (0, 1]. Raises ValueError for anything else.
    """
    probability = np.asarray(probability, dtype=np.float64)
    if not len(probability) or not ((probability > 0) & (probability <= 1)).all():
        raise ValueError("Each row needs a sampling probability above 0 and up to 1.")
    weights = 1 / probability
    value = float(weights @ np.asarray(right, dtype=np.float64) / weights.sum())
    effective = float(weights.sum() ** 2 / (weights @ weights))
    low, high = wilson_interval(value * effective, effective)
    return Weighted(value, min(low, value), max(high, value), len(weights), effective)
