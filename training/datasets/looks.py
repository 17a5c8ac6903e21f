"""How a picture looks, in a few numbers taken while it is decoded anyway. NumPy and Pillow only."""

import base64
from typing import NamedTuple

import numpy as np
from PIL import Image

SIDE = 128  # sharpness is measured at this size, whatever the picture's own
PRINT_SIDE = 32


class Looks(NamedTuple):
    """`brightness`: the mean grey, 0 to 1. `sharpness`: the variance of the Laplacian of the grey
    picture, 0 to 1 scaled, at 128 x 128 pixels (Pech-Pacheco et al., ICPR 2000); a blurred picture
    has little. `thumbprint`: 32 x 32 grey pixels as base64, to find pictures that are alike.
    """

    brightness: float
    sharpness: float
    thumbprint: str


def measure(pixels: np.ndarray) -> Looks:
    """Measure RGB pixels, uint8 [height, width, 3]."""
    grey = Image.fromarray(pixels).convert("L")
    small = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255
    middle = small[1:-1, 1:-1]
    around = small[:-2, 1:-1] + small[2:, 1:-1] + small[1:-1, :-2] + small[1:-1, 2:]
    print_ = np.asarray(grey.resize((PRINT_SIDE, PRINT_SIDE), Image.Resampling.BOX), np.uint8)
    return Looks(
        round(float(small.mean()), 5),
        round(float((around - 4 * middle).var()), 8),
        base64.b64encode(print_.tobytes()).decode(),
    )
