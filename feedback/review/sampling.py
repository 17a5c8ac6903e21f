"""Drawing predictions by lot at unequal rates, and what the drawn ones say of all. NumPy, SciPy."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from training.engine.evaluate import Z95, wilson_interval

ROUNDS = 50  # of raising rates until the expected number is met


class Estimate(NamedTuple):
    """A share with its 95 % interval, the answers it is from, and how many equal ones they are."""

    value: float
    low: float
    high: float
    n: int
    n_effective: float


def lot(*names) -> float:
    """Return a number in [0, 1) that belongs to these names for good (a permanent random number).

    The same prediction draws the same number each time, so that a later draw at a higher rate adds
    to an earlier one instead of beginning anew (Ohlsson, in Business Survey Methods, 1995, chapter
    9).
    """
    digest = hashlib.sha256(":".join(str(name) for name in names).encode()).digest()
    return int.from_bytes(digest[:7]) / 2**56


def rates(parts: Sequence[tuple[float, np.ndarray]], expected: float) -> np.ndarray:
    """Return each item's probability of being drawn, float [n], so that their sum is `expected`.

    `parts` are (share, weights float [n] >= 0): the shares are of the wanted number, the weights
    spread it over the items; a part without any weight leaves its share to the others. No
    probability exceeds 1; if all do, all are drawn.
    """
    mixture = np.zeros(len(parts[0][1]))
    for share, weights in parts:
        if total := weights.sum():
            mixture += share * weights / total
    if expected >= np.count_nonzero(mixture):
        return (mixture > 0).astype(float)
    factor = expected / mixture.sum()
    for _round in range(ROUNDS):
        drawn = np.minimum(1, factor * mixture)
        if drawn.sum() >= expected * (1 - 1e-9):
            break
        open_ = drawn < 1
        factor = (expected - np.count_nonzero(~open_)) / mixture[open_].sum()
    return drawn


def estimate(right: Sequence[bool], probability: Sequence[float]) -> Estimate | None:
    """Return the share of right answers among all predictions, from those that were reviewed.

    `right` bool [n], `probability` float [n]: with what probability each was to be reviewed. The
    share is Hájek's ratio of Horvitz-Thompson sums, Σ y/π / Σ 1/π (Särndal, Swensson and Wretman,
    Model Assisted Survey Sampling, 1992, section 5.7), whose bias vanishes with n. Its interval is
    Wilson's with the effective number of answers p(1 - p) / V in place of n (Korn and Graubard,
    Survey Methodology 24, 1998, 193-201, with their correction for the degrees of freedom; compared
    with others by Franco et al., Journal of Survey Statistics and Methodology 7, 2019, 334-364),
    where V = n/(n - 1) Σ ((y - p)/π)² / (Σ 1/π)²: as from an endless stream of predictions, so that
    having reviewed all of the past does not make the future certain. Where all or none are right V
    says nothing, and the number is Kish's (Σ 1/π)² / Σ 1/π²; it never exceeds n, since with few
    answers V misses the rare wrong one that counts for many. None without an answer.
    """
    y, weight = np.asarray(right, float), 1 / np.asarray(probability, float)
    n = len(y)
    if n == 0:
        return None
    share = float((y * weight).sum() / weight.sum())
    if n == 1:
        return Estimate(share, 0.0, 1.0, 1, 1.0)
    n_effective = _effective(y, weight, share)
    corrected = n_effective * (Z95 / _t975(n - 1)) ** 2
    low, high = _wilson(share, corrected)
    return Estimate(share, low, high, n, n_effective)


def _t975(degrees: int) -> float:
    """The 0.975 quantile of Student's t."""
    from scipy.special import stdtrit  # here, since every process of ours imports this module

    return float(stdtrit(degrees, 0.975))


def needed(share: float, half_width: float, *, n: int = 0, gain: float = 1.0) -> int:
    """Return how many reviews beside `n` it takes for an interval no wider than ± `half_width`.

    `gain` is how many effective answers each brings. Further answers are taken to be like these.
    """
    return max(1, int(np.ceil(_wilson_n(share, half_width) / gain)) - n)


def cautious(found: Estimate) -> float:
    """Return the end of an interval that is nearer to one half, where most answers are needed.

    The share itself is not known for sure: planned from it, advice would be too small half of the
    time.
    """
    return min(max(0.5, found.low), found.high)


def _wilson_n(share: float, half_width: float) -> float:
    """From how many answers on Wilson's interval is no wider; found by halving, it has no formula
    of its own worth reading."""
    few, many = 1.0, 1e9
    for _step in range(60):
        middle = (few * many) ** 0.5
        low, high = wilson_interval(share * middle, middle)
        few, many = (middle, many) if (high - low) / 2 > half_width else (few, middle)
    return many


def _effective(y, weight, share) -> float:
    n = len(y)
    if 0 < share < 1:
        spread = n / (n - 1) * ((weight * (y - share)) ** 2).sum() / weight.sum() ** 2
        return min(float(n), float(share * (1 - share) / spread))
    return float(weight.sum() ** 2 / (weight**2).sum())


def _wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's interval for a number of answers that need not be whole."""
    return wilson_interval(share * n, n) if n >= 1 else (0.0, 1.0)
