"""How far recent rows are from reference rows, and how likely by chance alone. NumPy, SciPy.

All tests hold for small samples: they permute, draw from the exact null, or are exact.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import ks_2samp

ROUNDS = 9999  # so a p-value can be as small as 0.0001, and still count after many looks
NEIGHBOURS = 5


class Distance(NamedTuple):
    """How far, and the probability of at least that were there no difference."""

    value: float
    p_value: float


def energy(reference: np.ndarray, recent: np.ndarray, *, rounds=ROUNDS, seed=0) -> Distance:
    """Return the energy distance of two samples of features, float [n, d] and [m, d], with a
    permutation p-value.

    2 E|X − Y| − E|X − X'| − E|Y − Y'| over all pairs, a row with itself included (Székely and
    Rizzo, J. Statistical Planning and Inference 143, 2013); the p-value counts the observed
    split among the `rounds` random ones (Phipson and Smyth, 2010), so it is never 0.
    """
    n, m = len(reference), len(recent)
    rows = np.concatenate([reference, recent]).astype(np.float32)
    pairs = cdist(rows, rows).astype(np.float32)
    is_recent = np.zeros((rounds + 1, n + m), dtype=np.float32)
    is_recent[:, n:] = 1
    is_recent[1:] = np.random.default_rng(seed).permuted(is_recent[1:], axis=1)
    within = ((is_recent @ pairs) * is_recent).sum(1, dtype=np.float64)
    across = (is_recent @ pairs.sum(1)).astype(np.float64) - within
    rest = float(pairs.sum(dtype=np.float64)) - 2 * across - within
    values = 2 * across / (n * m) - within / m**2 - rest / n**2
    return Distance(max(0.0, float(values[0])), _share_as_far(values))


def farthest(reference: np.ndarray, recent: np.ndarray) -> np.ndarray:
    """Return for each recent row its mean distance to the nearest 5 reference rows, float [m]."""
    nearest = np.sort(cdist(recent, reference), axis=1)[:, :NEIGHBOURS]
    return nearest.mean(1)


def mix(
    reference: Mapping[str, int], recent: Mapping[str, int], *, rounds=ROUNDS, seed=0
) -> Distance:
    """Return how far two class mixes are apart: their population stability index.

    Σ (p − q) ln(p / q), half a row added to each class so that none is empty. The p-value is that
    of Pearson's chi-square, by drawing from the exact null (the multivariate hypergeometric).
    """
    labels = sorted({*reference, *recent})
    counts = np.array([[side.get(label, 0) for label in labels] for side in (reference, recent)])
    p, q = (counts + 0.5) / (counts + 0.5).sum(1, keepdims=True)
    index = float(((p - q) * np.log(p / q)).sum())
    both, m = counts.sum(0), int(counts[1].sum())
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(both, m, size=rounds)
    expected = both * m / both.sum()
    values = ((np.vstack([counts[1], drawn]) - expected) ** 2 / expected).sum(1)
    return Distance(index, _share_as_far(values))


def looks(
    reference: Mapping[str, np.ndarray], recent: Mapping[str, np.ndarray]
) -> dict[str, Distance]:
    """Return for each measure Kolmogorov and Smirnov's greatest distance of the distributions,
    with its exact p-value times the number of measures (Bonferroni)."""
    found = {name: ks_2samp(reference[name], recent[name]) for name in reference}
    times = len(found)
    return {
        name: Distance(float(one.statistic), min(1.0, float(one.pvalue) * times))
        for name, one in found.items()
    }


def _share_as_far(values: np.ndarray) -> float:
    """The share of values, the first (observed) one included, at least as large as it."""
    tolerance = 1e-6 * max(1.0, abs(float(values[0])))
    return float((values >= values[0] - tolerance).mean())
