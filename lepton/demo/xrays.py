"""Chest pictures made from noise, as X-rays look: clear lungs, or one with an opacity.

Each picture has its own size, build, exposure, tilt, grain and rib spacing. An opacity is a soft
bright patch with a ragged outline inside one lung; some are faint, and the heart and the ribs
brighten lungs in both classes.
"""

import numpy as np
from PIL import Image, ImageFilter

CLASSES = ("clear", "opacity")


def picture(label: str, random: np.random.Generator) -> Image.Image:
    """One grey picture, 200 to 300 pixels a side."""
    width, height = random.integers(200, 301, size=2)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lungs = _lungs(x, y, random)
    chest = _body(x, y, random) - random.uniform(75, 105) * sum(mask for mask, _place in lungs)
    chest += _ribs(x, y, random) + _heart(x, y, random)
    if label == "opacity":
        mask, place = lungs[random.integers(2)]
        chest += _opacity(x, y, place, random) * np.clip(mask * 1.4, 0, 1)
    chest = (chest - 110) * random.uniform(0.85, 1.15) + random.uniform(95, 125)
    chest += _cloud(height, width, 1, random) * random.uniform(3, 8)
    grey = Image.fromarray(np.clip(chest, 0, 255).astype(np.uint8))
    return grey.rotate(random.uniform(-4, 4), Image.Resampling.BILINEAR, fillcolor=8).filter(
        ImageFilter.GaussianBlur(random.uniform(0.3, 1.0))
    )


def _body(x, y, random):
    """Soft tissue, brighter along the spine and below."""
    wide = random.uniform(0.8, 1.0)
    inside = 1 / (1 + np.exp((np.abs(x) - wide) * 25))
    spine = random.uniform(30, 50) * np.exp(-((x / 0.09) ** 2))
    return inside * (150 + spine + random.uniform(10, 30) * y)


def _lungs(x, y, random):
    """[(soft mask, (x, y, width, height))] of the left and the right lung."""
    found = []
    for side in (-1, 1):
        place = (
            side * random.uniform(0.38, 0.46),
            random.uniform(-0.15, 0.0),
            random.uniform(0.24, 0.31),
            random.uniform(0.55, 0.72),
        )
        reach = np.hypot((x - place[0]) / place[2], (y - place[1]) / place[3])
        found.append((1 / (1 + np.exp((reach - 1) * random.uniform(9, 16))), place))
    return found


def _ribs(x, y, random):
    """Bright bows across the chest."""
    bow = y * random.uniform(9, 13) + random.uniform(2, 4) * x**2 + random.uniform(0, 6)
    return random.uniform(6, 14) * np.clip(np.sin(bow * 1.6), 0, 1) * (np.abs(x) < 0.85)


def _heart(x, y, random):
    """A bright mass beside the spine."""
    dx = (x - random.uniform(0.05, 0.16)) / random.uniform(0.18, 0.27)
    dy = (y - random.uniform(0.2, 0.34)) / random.uniform(0.2, 0.3)
    return random.uniform(45, 75) * np.exp(-((dx**2 + dy**2) ** 2))


def _opacity(x, y, place, random):
    """A soft patch in the lung at `place`, its outline and inside uneven."""
    left, top, wide, tall = place
    dx = (x - left - random.uniform(-0.35, 0.35) * wide) / (wide * random.uniform(0.4, 0.75))
    dy = (y - top - random.uniform(-0.45, 0.5) * tall) / (tall * random.uniform(0.22, 0.42))
    uneven = 1 + 0.25 * _cloud(*x.shape, 14, random)
    return random.uniform(18, 70) * np.exp(-((dx**2 + dy**2) ** 1.5)) * uneven


def _cloud(height, width, grain, random):
    """Noise of this grain in pixels, about -1 to 1."""
    size = (max(2, height // grain), max(2, width // grain))
    rough = Image.fromarray(random.normal(0, 1, size).astype(np.float32))
    return np.asarray(rough.resize((width, height), Image.Resampling.BICUBIC))
