"""What the camera over the factory's rolling line sends, and how that shifts for a while."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from lepton.demo import archives, surfaces

GRAIN = 50.0  # the standard deviation of a pixel, of 255


@dataclass(frozen=True)
class Stretch:
    """So many plates of every class in turn, with so much grain in the pictures."""

    seed: int
    plates: int
    grain: float = 0.0

    def picture(self, number: int) -> tuple[str, bytes]:
        """The plate of this number: what it shows, and its JPEG."""
        return _picture(self, number)

    def reference(self, number: int) -> str:
        """What the customer's program calls it."""
        return f"line-{self.seed}-{number}"


@cache
def _picture(stretch, number):
    random = np.random.default_rng([stretch.seed, number])
    label = surfaces.CLASSES[number % len(surfaces.CLASSES)]
    plate = surfaces.picture(label, random)
    if stretch.grain:
        pixels = np.asarray(plate, np.float32)
        pixels = pixels + random.normal(0, stretch.grain, pixels.shape)
        plate = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return label, archives.jpeg(plate, random)


# Half-way the lamp over the line fails: the camera turns its gain up, and pictures are grainy. Then
# it is replaced. What comes last comes after the model learned from it, both halves again.
USUAL = Stretch(21, 150)
SHIFTED = Stretch(22, 150, GRAIN)
MENDED = Stretch(23, 36)  # a look needs 30
SINCE = (Stretch(24, 30), Stretch(25, 30, GRAIN))
ALL = (USUAL, SHIFTED, MENDED, *SINCE)


def send(stage, stretch) -> list[dict]:
    """The customer's program sends a stretch; returns the answers when the log has them all."""
    answers = []
    for number in range(stretch.plates):
        _label, sent = stretch.picture(number)
        reference = stretch.reference(number)
        answers.append(stage.program.predict(stage.slug, sent, reference=reference))
    logged = f"predictions?endpoint={stage.slug}&reference={reference}"
    stage.program.wait(logged, until=lambda page: page["results"])
    return answers
