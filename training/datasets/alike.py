"""Pictures that show the same: correlation of their 32 x 32 grey prints, mirrored ones too."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

ALIKE = 0.99  # of real sets, only pictures of one thing and bare textures correlate so much
MOST_EACH = 5  # a picture is noted to be like so many others at most
AT_ONCE = 5_000_000  # similarities held in memory: 20 MB
FLAT = 2.0  # a print that varies less than this many grey levels shows nothing to compare


class Pair(NamedTuple):
    """Rows `first` < `second` of the prints, and how alike they are."""

    first: int
    second: int
    similarity: float
    is_mirrored: bool


def pairs(prints: np.ndarray, new: Sequence[int]) -> Iterator[Pair]:
    """Yield the pairs of alike pictures of which at least one is among the rows `new`.

    `prints` is uint8 [n, 32, 32]. Similarity is Pearson's correlation of the grey values, from -1
    to 1. Takes O(len(new) * n) time and little memory.
    """
    straight, mirrored = _normal(prints), _normal(prints[:, :, ::-1])
    is_new = np.zeros(len(prints), bool)
    is_new[list(new)] = True
    block = max(1, AT_ONCE // max(1, len(prints)))
    for at in range(0, len(new), block):
        rows = np.asarray(new[at : at + block])
        as_is, turned = straight[rows] @ straight.T, straight[rows] @ mirrored.T
        best = np.maximum(as_is, turned)
        best[np.arange(len(rows)), rows] = -1
        for i, j in _strongest(best):
            row, other = int(rows[i]), int(j)
            if is_new[other] and other < row:
                continue  # found from the other side
            first, second = sorted((row, other))
            yield Pair(first, second, float(best[i, j]), bool(turned[i, j] > as_is[i, j]))


def _strongest(best: np.ndarray) -> Iterator[tuple[int, int]]:
    for i in np.flatnonzero((best >= ALIKE).any(1)):
        found = np.flatnonzero(best[i] >= ALIKE)
        for j in found[np.argsort(-best[i, found])][:MOST_EACH]:
            yield i, j


def _normal(prints: np.ndarray) -> np.ndarray:
    """Each print as a vector of length 1 around 0; a flat one as zeros, which is like nothing."""
    rows = prints.reshape(len(prints), -1).astype(np.float32)
    rows -= rows.mean(1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.maximum(length, 1e-6)
    rows[length[:, 0] < FLAT * rows.shape[1] ** 0.5] = 0
    return rows


def similarities(prints: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Return the correlation of each of `prints` uint8 [n, 32, 32] with `one` [32, 32] or its
    mirror, whichever is larger: float32 [n]. A flat print is like nothing."""
    pair = _normal(np.stack([one, one[:, ::-1]])).T
    step = max(1, AT_ONCE // prints[0].size)
    parts = [_normal(prints[at : at + step]) @ pair for at in range(0, len(prints), step)]
    return np.concatenate(parts).max(1)
