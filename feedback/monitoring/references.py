"""References that traffic is compared with, and how what was seen of pictures is kept."""

from typing import NamedTuple

import numpy as np

from feedback.models import DriftReference

MEASURES = ("side", "brightness", "sharpness")  # the shorter side in pixels; see datasets/looks.py


class Seen(NamedTuple):
    """What one picture gave: looks by MEASURES, features float16 [d]."""

    looks: dict
    features: np.ndarray


def seen(signs) -> Seen:
    """What was kept of a picture."""
    return Seen(signs.looks, _unpacked(signs.features))


def keep(endpoint, version, kind, pictures, classes, **author) -> DriftReference:
    """Keep what was seen of `pictures`, and the mix of answers, as the reference from now on."""
    return DriftReference.objects.create(
        endpoint=endpoint,
        model_version=version,
        kind=kind,
        n=len(pictures),
        features=np.stack([one.features for one in pictures]).tobytes(),
        looks={name: [one.looks[name] for one in pictures] for name in MEASURES},
        classes=dict(classes),
        **({"created_by_label": "Lepton"} | author),
    )


def features_of(reference) -> np.ndarray:
    """The features of a reference, float32 [n, d]."""
    return _unpacked(reference.features).reshape(reference.n, -1).astype(np.float32)


def _unpacked(data) -> np.ndarray:
    return np.frombuffer(bytes(data), dtype=np.float16)
