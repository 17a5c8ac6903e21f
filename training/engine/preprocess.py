"""The one evaluation transform: image bytes to uint8 pixels, for training and serving alike.

Torch-free. Geometry: short side to 256 (bilinear with antialiasing), centre square of 256,
centre crop of 224; the same as torchvision's Resize(256) + CenterCrop(224). Normalisation is
inside the network's graph, so what leaves here is plain uint8 RGB.
"""

import io
import warnings

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from training.engine.errors import gettext_noop

PREPROCESSING_VERSION = "1"
RESIZE, CROP = 256, 224
MAX_PIXELS = 25_000_000
ORIENTATION_TAG = 0x0112
SIXTEEN_BIT_MODES = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class UnreadableImage(ValueError):
    """The bytes are no image we can decode; `reason` says why, in words for people."""

    def __init__(self, reason: str, **values):
        self.reason_template, self.values = reason, values
        self.reason = reason % values if values else reason
        super().__init__(self.reason)


def describe() -> dict:
    """Return the transform as plain data for meta.json."""
    return {
        "version": PREPROCESSING_VERSION,
        "colour": "RGB",
        "resize_short_side": RESIZE,
        "interpolation": "bilinear, antialiased",
        "centre_crop": CROP,
        "dtype": "uint8",
        "layout": "NHWC",
        "normalisation": "inside the graph",
    }


def decode(data: bytes, *, min_side: int = 0) -> np.ndarray:
    """Decode image bytes, upright, to uint8 RGB [height, width, 3].

    `min_side` > 0 allows a JPEG to be decoded at 1/2, 1/4 or 1/8 of its size as long as its
    short side stays at least that long. Raises UnreadableImage.
    """
    if data[:2] == b"\xff\xd8" and b"Exif\0\0" not in data[:65536]:
        pixels = _decode_plain_jpeg(data, min_side)
        if pixels is not None:
            return pixels
    return _decode_any(data, min_side)


def canonical(data: bytes, *, resize: int = RESIZE) -> np.ndarray:
    """Decode to the square every view is cut from: uint8 [resize, resize, 3]. Raises
    UnreadableImage."""
    pixels = decode(data, min_side=resize)
    height, width = pixels.shape[:2]
    short = min(height, width)
    scaled_height, scaled_width = resize * height // short, resize * width // short
    top, left = round((scaled_height - resize) / 2), round((scaled_width - resize) / 2)
    down, right = height / scaled_height, width / scaled_width
    box = (
        left * right,
        top * down,
        min(width, (left + resize) * right),
        min(height, (top + resize) * down),
    )
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((resize, resize), Image.Resampling.BILINEAR, box=box))


def centre(square: np.ndarray, *, crop: int = CROP) -> np.ndarray:
    """Cut the centre out of uint8 [..., side, side, 3]: uint8 [..., crop, crop, 3] (a view, no
    copy)."""
    start = (square.shape[-2] - crop) // 2
    return square[..., start : start + crop, start : start + crop, :]


def evaluation_input(data: bytes, *, resize: int = RESIZE, crop: int = CROP) -> np.ndarray:
    """Turn image bytes into what the network is asked about: uint8 [crop, crop, 3]. Raises
    UnreadableImage."""
    return np.ascontiguousarray(centre(canonical(data, resize=resize), crop=crop))


def _decode_plain_jpeg(data: bytes, min_side: int) -> np.ndarray | None:
    """Decode the common case quickly; None leaves the verdict to Pillow."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in ("YCbCr", "Gray", "RGB"):
            return None
        _refuse_too_large(width, height)
        scale = _jpeg_scale(min(height, width), min_side)
        return simplejpeg.decode_jpeg(
            data,
            "RGB",
            min_height=-(-height // scale),
            min_width=-(-width // scale),
            min_factor=scale,
        )
    except UnreadableImage:
        raise
    except ValueError:
        return None


def _jpeg_scale(short_side: int, min_side: int) -> int:
    """Return the largest of 8, 4, 2, 1 that leaves at least `min_side` pixels."""
    if min_side <= 0:
        return 1
    return next((scale for scale in (8, 4, 2) if short_side // scale >= min_side), 1)


def _decode_any(data: bytes, min_side: int) -> np.ndarray:
    """Decode with Pillow: first frame, upright, over white, 16 bits scaled to 8."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                _refuse_too_large(*image.size)
                scale = _jpeg_scale(min(image.size), min_side)
                if image.format == "JPEG" and scale > 1:
                    image.draft(image.mode, tuple(-(-side // scale) for side in image.size))
                image.load()
                return np.asarray(_to_rgb(ImageOps.exif_transpose(image)))
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        raise UnreadableImage(gettext_noop("This is not an image in a format we know.")) from None
    except Image.DecompressionBombError:
        raise UnreadableImage(gettext_noop("The image has more than 25 megapixels.")) from None
    except Exception as error:  # Pillow's plug-ins raise whatever a broken file provokes
        raise UnreadableImage(
            gettext_noop("The image is damaged and cannot be decoded (%(detail)s)."),
            detail=str(error) or type(error).__name__,
        ) from None


def _refuse_too_large(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(
            gettext_noop("The image has %(megapixels).0f megapixels; the limit is 25."),
            megapixels=width * height / 1e6,
        )
    if width < 1 or height < 1:
        raise UnreadableImage(gettext_noop("The image has no pixels."))


def _to_rgb(image: Image.Image) -> Image.Image:
    """Bring any Pillow mode to RGB without clipping depth and with transparency over white."""
    if image.mode in SIXTEEN_BIT_MODES or image.mode == "F":
        return Image.fromarray(_to_eight_bits(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(grey: np.ndarray) -> np.ndarray:
    """Scale grey values to uint8: integers from 0..65535, floats from 0..1 or 0..255 (told by
    their maximum)."""
    values = np.nan_to_num(grey.astype(np.float64))
    if np.issubdtype(grey.dtype, np.floating):
        full_scale = 1.0 if values.max() <= 1.0 else 255.0
    else:
        full_scale = 65535.0
    return (values / full_scale * 255.0).round().clip(0, 255).astype(np.uint8)
