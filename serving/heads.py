"""A version's own part where the rest is a backbone it shares: a few rows of numbers."""

from typing import NamedTuple

import numpy as np

from training.engine.graph import at_a_place, softmax


class Head(NamedTuple):
    """float32 weight [classes, features] and bias [classes]."""

    weight: np.ndarray
    bias: np.ndarray

    def answer(self, features: np.ndarray) -> np.ndarray:
        """Return probabilities float32 [classes] of an image's features [features]."""
        return softmax(self.weight @ features + self.bias)

    def evidence(self, maps: np.ndarray) -> np.ndarray:
        """Return what speaks for each class where, float32 [classes, height, width], of the maps
        [channels, height, width] its features were pooled from."""
        return np.tensordot(at_a_place(self.weight, len(maps)), maps, 1)
