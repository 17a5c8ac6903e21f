"""A surface-inspection set made from noise: brushed metal plates, whole or with one defect.

Each picture has its own size, grain, direction of brushing, light, tint and sharpness, so that
nothing but the defect tells the classes apart. Some defects are faint: a perfect score would
mean that the set is too easy.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("dent", "ok", "scratch", "stain")


def picture(label: str, random: np.random.Generator) -> Image.Image:
    """One RGB picture, 200 to 320 pixels a side."""
    width, height = random.integers(200, 321, size=2)
    plate = brushed_metal(width, height, random)
    if label != "ok":
        plate = DEFECTS[label](plate, random)
    sharp = Image.fromarray(np.clip(plate, 0, 255).astype(np.uint8))
    return sharp.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.8)))


def brushed_metal(width: int, height: int, random) -> np.ndarray:
    """Grain drawn out along one direction under uneven light, float [height, width, 3]."""
    side = int(np.hypot(width, height)) + 4
    grain = random.normal(0, 1, (side, side // 12 + 2))
    streaks = np.repeat(grain, 12, axis=1)[:, :side] + random.normal(0, 0.6, (side, side))
    turned = Image.fromarray(streaks.astype(np.float32)).rotate(
        random.uniform(-25, 25) + random.choice([0, 90]), Image.Resampling.BILINEAR
    )
    top, left = (side - height) // 2, (side - width) // 2
    streaks = np.asarray(turned)[top : top + height, left : left + width]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, slope = random.uniform(0, 2 * np.pi), random.uniform(5, 30)
    light = random.uniform(95, 165) + slope * (x * np.cos(angle) + y * np.sin(angle))
    grey = light - random.uniform(0, 18) * (x**2 + y**2) + random.uniform(4, 11) * streaks
    return grey[..., None] * random.uniform(0.94, 1.06, 3)


def scratch(plate, random):
    """One to three thin bright or dark bent lines."""
    height, width, _ = plate.shape
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    for _count in range(random.integers(1, 4)):
        x, y = random.uniform(0.15, 0.85) * width, random.uniform(0.15, 0.85) * height
        angle, points = random.uniform(0, 2 * np.pi), [(x, y)]
        for _step in range(6):
            angle += random.normal(0, 0.15)
            step = random.uniform(0.05, 0.11) * width
            x, y = x + step * np.cos(angle), y + step * np.sin(angle)
            points.append((x, y))
        draw.line(points, fill=255, width=int(random.integers(1, 4)))
    depth = random.choice([-1, 1]) * random.uniform(28, 80)
    return plate + depth * _soft(mask, 0.6)


def dent(plate, random):
    """A round hollow: lit on one side, shaded on the other."""
    height, width, _ = plate.shape
    radius = random.uniform(0.07, 0.16) * min(width, height)
    x, y = random.uniform(0.25, 0.75) * width, random.uniform(0.25, 0.75) * height
    rows, columns = np.mgrid[:height, :width]
    dx, dy = (columns - x) / radius, (rows - y) / radius
    hollow = np.exp(-(dx**2 + dy**2))
    angle = random.uniform(0, 2 * np.pi)
    shade = hollow * (dx * np.cos(angle) + dy * np.sin(angle)) - 0.25 * hollow
    return plate + random.uniform(60, 130) * shade[..., None]


def stain(plate, random):
    """A soft-edged discoloured patch of irregular outline."""
    height, width, _ = plate.shape
    mask = Image.new("L", (width, height))
    x, y = random.uniform(0.3, 0.7) * width, random.uniform(0.3, 0.7) * height
    radius = random.uniform(0.08, 0.2) * min(width, height)
    around = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    reach = radius * random.uniform(0.6, 1.4, around.size)
    outline = zip(x + reach * np.cos(around), y + reach * np.sin(around), strict=True)
    ImageDraw.Draw(mask).polygon(list(outline), fill=255)
    tint = np.array([random.uniform(-5, 12), random.uniform(-20, 0), random.uniform(-45, -15)])
    return plate + _soft(mask, random.uniform(2, 6)) * tint * random.uniform(0.7, 1.5)


DEFECTS = {"scratch": scratch, "dent": dent, "stain": stain}


def _soft(mask, blur: float) -> np.ndarray:
    """A mask as float 0 to 1, [height, width, 1], with blurred edges."""
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(blur)), np.float32)[..., None] / 255
