"""Small pictures and rows made on the spot."""

import hashlib
import io

import numpy as np
from PIL import Image

from training.task_types.data import Row, TrainingData

CLASSES = ["dots", "stripes"]


def encoded(image: Image.Image, format: str = "JPEG", **options) -> bytes:
    """Return the image file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def noise(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Return smooth colour noise, in which a shift by one pixel shows."""
    small = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def two_halves(left: tuple, right: tuple, size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Return a picture whose left and right halves have one colour each."""
    image = Image.new("RGB", size, right)
    image.paste(left, (0, 0, size[0] // 2, size[1]))
    return image


def patterned(label: int, seed: int, side: int = 96) -> bytes:
    """Return a JPEG of dots (label 0) or stripes (label 1) on noise."""
    rng = np.random.default_rng([label, seed])
    y, x = np.mgrid[:side, :side]
    phase, pitch = rng.uniform(0, 6, 2), rng.uniform(8, 12)
    waves = [np.sin(2 * np.pi * axis / pitch + phase[i]) for i, axis in enumerate((x, y))]
    pattern = waves[0] * waves[1] if label == 0 else waves[rng.integers(2)]
    grey = rng.uniform(90, 160) + 50 * pattern[..., None] + rng.normal(0, 12, (side, side, 3))
    return encoded(Image.fromarray(grey.clip(0, 255).astype(np.uint8)), quality=92)


def row(label: int, seed: int, split: str = "train", group: str = "") -> Row:
    """Return a row with a picture of its class."""
    data = patterned(label, seed)
    return Row(hashlib.sha256(data).hexdigest(), lambda: data, label, split, group)


def rows(n_each: int, split: str = "train", first: int = 0) -> list[Row]:
    """Return `n_each` rows of both classes."""
    return [row(label, first + seed, split) for label in range(2) for seed in range(n_each)]


def small_data(n_train: int = 8, n_valid: int = 4) -> TrainingData:
    """Return a data set of both classes."""
    return TrainingData(CLASSES, rows(n_train) + rows(n_valid, "valid", first=1000))
