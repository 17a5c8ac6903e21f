"""One image from a stranger, made safe to keep: decoded in full, upright, without metadata.

Runs in the limited process of cleaner.py. What is stored decodes to the very pixels the original
decodes to, wherever a lossless way exists: a plain JPEG or PNG is only stripped (bare.py); other
lossless formats become PNG; a JPEG or WebP that must be encoded anew (rotated, CMYK, …) becomes
JPEG of quality 95 without colour subsampling.
"""

import io
from typing import NamedTuple

import numpy as np
import simplejpeg
from PIL import Image

from training.datasets import looks
from training.datasets.bare import PNG_SIGNATURE, bare_jpeg, bare_png
from training.engine.preprocess import ORIENTATION_TAG, UnreadableImage, decode

MIN_SIDE = 16
JPEG_QUALITY = 95
# Formats are told by their first bytes: no other decoder of Pillow is ever reached.
SIGNATURES = {
    b"\xff\xd8\xff": "jpeg",
    PNG_SIGNATURE: "png",
    b"GIF8": "gif",
    b"BM": "bmp",
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"P2": "pnm",
    b"P3": "pnm",
    b"P5": "pnm",
    b"P6": "pnm",
}


class Cleaned(NamedTuple):
    """What became of an image: `kind` is "" when it was kept, else a key of reasons.WORDS."""

    kind: str
    params: dict
    ending: str = ""
    width: int = 0
    height: int = 0
    looks: list = []  # as looks.Looks
    data: bytes = b""


def clean(data: bytes) -> Cleaned:
    """Check one image and return the bytes to store; never raises for a bad image."""
    format_ = _format(data)
    if format_ is None:
        return Cleaned("empty" if not data else "not_an_image", {})
    try:
        pixels = decode(data)
    except UnreadableImage as error:
        return _refused(error)
    height, width = pixels.shape[:2]
    if min(height, width) < MIN_SIDE:
        return Cleaned("too_small", {"width": width, "height": height})
    ending, stored = _stored(data, format_, pixels)
    return Cleaned("", {}, ending, width, height, list(looks.measure(pixels)), stored)


def _format(data):
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for start, name in SIGNATURES.items() if data.startswith(start)), None)


def _refused(error):
    if "megapixels" in error.reason_template:
        return Cleaned("too_many_pixels", {})
    return Cleaned("corrupt", {"detail": error.reason})


def _stored(data, format_, pixels) -> tuple[str, bytes]:
    if format_ == "jpeg" and not _is_turned(data) and (bare := bare_jpeg(data)):
        return "jpg", bare
    if format_ == "png" and not _is_turned(data) and (bare := bare_png(data)):
        return "png", bare
    colour = "GRAY" if _is_grey(pixels) else "RGB"
    if colour == "GRAY":
        pixels = np.ascontiguousarray(pixels[..., :1])
    if format_ in ("jpeg", "webp"):
        return "jpg", simplejpeg.encode_jpeg(
            pixels, quality=JPEG_QUALITY, colorspace=colour, colorsubsampling="444", fastdct=False
        )
    return "png", _png(pixels[..., 0] if colour == "GRAY" else pixels)


def _is_turned(data) -> bool:
    if data[:2] == b"\xff\xd8" and b"Exif\0\0" not in data[:65536]:
        return False
    with Image.open(io.BytesIO(data)) as image:
        return image.getexif().get(ORIENTATION_TAG, 1) != 1


def _is_grey(pixels) -> bool:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    return bool((red == green).all() and (green == blue).all())


def _png(pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=6)
    return out.getvalue()
