"""ImageFolder zips of made-up pictures; the same seed gives the same bytes."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

WHEN = (2026, 1, 1, 0, 0, 0)
Picture = Callable[[str, np.random.Generator], Image.Image]


def write_zip(
    path: Path, picture: Picture, classes: Sequence[str], *, splits: Mapping[str, int], seed: int
) -> Path:
    """Write `<split>/<class>/<name>.jpg`, as many per class and split as `splits` says."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, label in enumerate(classes):
            for place, (split, count) in enumerate(splits.items()):
                for index in range(count):
                    random = np.random.default_rng([seed, number, place, index])
                    name = zipfile.ZipInfo(f"{split}/{label}/{label}_{seed}_{index:03d}.jpg", WHEN)
                    archive.writestr(name, jpeg(picture(label, random), random))
    return path


def jpeg(image: Image.Image, random: np.random.Generator) -> bytes:
    """A picture as JPEG bytes, at a quality of its own."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(random.integers(80, 95)))
    return buffer.getvalue()
