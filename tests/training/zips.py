"""Zips and pictures for import tests, made on the spot."""

import io
import zipfile

import numpy as np
from PIL import Image


def picture(seed=0, *, size=(40, 30), mode="RGB", format="PNG", **options) -> bytes:
    """An image file of noise: another seed is another picture."""
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(out, format, **options)
    return out.getvalue()


def zipped(files: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def two_classes(each=4, *, first_seed=0) -> dict[str, bytes]:
    """Files of an ImageFolder with the classes ok and scratch."""
    return {
        f"{label}/{n}.png": picture(first_seed + 100 * place + n)
        for place, label in enumerate(["ok", "scratch"])
        for n in range(each)
    }
