"""What networks see in images, kept in few bytes: directions of features as 8-bit numbers.

Features longer than 256 are projected onto 256 random orthogonal directions, which keeps angles
within a few hundredths (Johnson and Lindenstrauss, 1984); all directions come from one seed.
"""

from functools import cache

import numpy as np

from accounts.scoping import tenant_scope
from training.models import ImageVector

LENGTH = 256
SEED = 20261126
WEIGHTS_CHARACTERS = 16


def keep(tenant_id, image_ids, features: np.ndarray, *, network: str, weights_sha256: str) -> None:
    """Keep the vectors of images, float [n, features], that have none of this network yet."""
    facts = {"network": network, "weights": weights_sha256[:WEIGHTS_CHARACTERS]}
    pairs = zip(image_ids, packed(features), strict=True)
    with tenant_scope(tenant_id):
        rows = [ImageVector(image_id=pk, vector=one.tobytes(), **facts) for pk, one in pairs]
        ImageVector.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def packed(features: np.ndarray) -> np.ndarray:
    """Return int8 [n, at most 256] of features float [n, d]: their directions."""
    rows = np.asarray(features, dtype=np.float32)
    if rows.shape[1] > LENGTH:
        rows = rows @ _directions(rows.shape[1])
    longest = np.abs(rows).max(1, keepdims=True)
    return np.rint(rows / np.maximum(longest, 1e-9) * 127).astype(np.int8)


def unpacked(vectors: np.ndarray) -> np.ndarray:
    """Return float32 [n, length] of int8 [n, length]: unit vectors around the mean of all."""
    rows = vectors.astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    rows -= rows.mean(0)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


@cache
def _directions(length: int) -> np.ndarray:
    drawn = np.random.default_rng(SEED).normal(size=(length, LENGTH))
    return np.linalg.qr(drawn)[0].astype(np.float32)
