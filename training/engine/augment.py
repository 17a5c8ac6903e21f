"""Random views of an image for training: crop, mirror, quarter turns, brightness. Torch-free."""

from dataclasses import dataclass

import numpy as np

from training.engine import preprocess

BRIGHTNESS = 0.15  # pixels are multiplied by 1 +- this


@dataclass(frozen=True)
class Augment:
    """What may be done to an image: another crop and brightness, its mirror, quarter turns."""

    crop: bool = False
    mirror: bool = False
    turn: bool = False

    @classmethod
    def of(cls, augmentation: str, views: int) -> "Augment":
        """Return what the settings of a run allow."""
        return cls(augmentation != "none", views == 2, augmentation == "turns")

    @property
    def changes(self) -> bool:
        return self.crop or self.mirror or self.turn

    def view(self, square: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a view uint8 [224, 224, 3] of a square uint8 [256, 256, 3]; nothing is copied."""
        room = square.shape[0] - preprocess.CROP
        top, left = rng.integers(0, room + 1, 2) if self.crop else (room // 2, room // 2)
        view = square[top : top + preprocess.CROP, left : left + preprocess.CROP]
        if self.mirror and rng.random() < 0.5:
            view = view[:, ::-1]
        return np.rot90(view, rng.integers(4)) if self.turn else view

    def factors(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return how bright to make `n` views, float32 [n] around 1."""
        spread = BRIGHTNESS if self.crop else 0.0
        return (1 + spread * rng.uniform(-1, 1, n)).astype(np.float32)
