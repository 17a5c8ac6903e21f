"""Pictures that show the same: correlation of their 32 x 32 grey prints, mirrored ones too."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

ALIKE = 0.99  # of real sets, only pictures of one thing and bare textures correlate so much
MOST_EACH = 5  # a picture is noted to be like so many others at most
NEW_AT_ONCE, OTHERS_AT_ONCE = 2048, 1024  # prints compared in one go: 50 MB, however many there are
FLAT = 2.0  # a print that varies less than this many grey levels shows nothing to compare
AT_ONCE = 5_000_000  # pixels of prints made floats in one go: 20 MB


class Pair(NamedTuple):
    """Rows `first` < `second` of the prints, and how alike they are."""

    first: int
    second: int
    similarity: float
    is_mirrored: bool


def pairs(read: Callable[[np.ndarray], np.ndarray], is_new: np.ndarray) -> Iterator[Pair]:
    """Yield the pairs of alike pictures of which at least one is new; of two new ones the first
    finds the second. Each is noted to be like MOST_EACH others, the most alike, at most.

    `is_new` is bool [n]; `read(rows)` gives the prints of rows int [m], uint8 [m, 32, 32], and is
    asked for the same ones again and again. Similarity is Pearson's correlation of the grey values,
    from -1 to 1. Takes O(new * n) time; its memory does not grow with n.
    """
    new = np.flatnonzero(is_new)
    for at in range(0, len(new), NEW_AT_ONCE):
        rows = new[at : at + NEW_AT_ONCE]
        yield from _pairs_of(rows, _normal(read(rows)), read, is_new)


def _pairs_of(rows, ours, read, is_new) -> Iterator[Pair]:
    found: dict[int, list[Pair]] = {}
    for at in range(0, len(is_new), OTHERS_AT_ONCE):
        others = np.arange(at, min(at + OTHERS_AT_ONCE, len(is_new)))
        found_by_them = is_new[others] & (others <= rows[:, None])
        if found_by_them.all():
            continue
        prints = read(others)
        as_is, turned = ours @ _normal(prints).T, ours @ _normal(prints[:, :, ::-1]).T
        best = np.maximum(as_is, turned)
        best[found_by_them] = -1
        for i, j in _strongest(best):
            first, second = sorted((int(rows[i]), int(others[j])))
            pair = Pair(first, second, float(best[i, j]), bool(turned[i, j] > as_is[i, j]))
            found.setdefault(i, []).append(pair)
    for several in found.values():
        yield from sorted(several, key=lambda pair: -pair.similarity)[:MOST_EACH]


def _strongest(best: np.ndarray) -> Iterator[tuple[int, int]]:
    for i in np.flatnonzero((best >= ALIKE).any(1)):
        found = np.flatnonzero(best[i] >= ALIKE)
        for j in found[np.argsort(-best[i, found])][:MOST_EACH]:
            yield int(i), int(j)


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
