"""Histograms that can be added: buckets of latency and of scores, and percentiles from them."""

from bisect import bisect_right
from collections.abc import Mapping

STEPS = 4  # buckets an octave: a percentile is less than a fifth off, mostly a few hundredths
LATENCY_EDGES = [2 ** (k / STEPS) for k in range(16 * STEPS + 1)]  # 1 ms to 65 s
SCORE_BUCKETS = 20


def latency_bucket(milliseconds: float) -> int:
    """The bucket of a latency, 0 to 65, as PostgreSQL's width_bucket over LATENCY_EDGES has it."""
    return bisect_right(LATENCY_EDGES, milliseconds)


def score_bucket(score: float) -> int:
    """The bucket of a score, 1 (below 0.05) to 20 (from 0.95 on)."""
    return min(int(score * SCORE_BUCKETS) + 1, SCORE_BUCKETS)


def latency_percentile(histogram: Mapping[str, int], fraction: float) -> float | None:
    """The latency in milliseconds below which `fraction` of the answers came, None for none.

    Within a bucket the answers count as spread evenly over the logarithm.
    """
    counts = sorted((int(bucket), n) for bucket, n in histogram.items() if n)
    wanted, below = fraction * sum(n for _bucket, n in counts), 0
    for bucket, n in counts:
        if below + n >= wanted:
            low, high = _edges(bucket)
            return low * (high / low) ** ((wanted - below) / n)
        below += n
    return None


def _edges(bucket: int) -> tuple[float, float]:
    """The open ends count as half and as double of what they end at."""
    padded = [LATENCY_EDGES[0] / 2, *LATENCY_EDGES, LATENCY_EDGES[-1] * 2]
    return padded[bucket], padded[bucket + 1]
