"""What runs a model's graph: a Protocol and a dict of dotted paths. None of them imports torch."""

from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

RUNTIMES = {"onnx": "serving.runtimes.onnx", "null": "serving.runtimes.null"}


class Runtime(Protocol):
    """A loaded graph; `run` may be called by several threads at once.

    Of a backbone's graph alone it gives what a head is applied to: features and maps.
    """

    batches: bool  # whether several images in one call are cheaper than one by one

    def run(self, images: np.ndarray) -> np.ndarray:
        """Take uint8 [n, side, side, 3] (RGB); return probabilities, float32 [n, classes], or
        features [n, features]."""

    def evidence(self, image: np.ndarray) -> np.ndarray | None:
        """Take uint8 [1, side, side, 3]; return what speaks for each class where, float32 [classes,
        height, width], or maps [channels, height, width]; None if the graph cannot say."""


class RuntimeModule(Protocol):
    """What a module named in RUNTIMES offers."""

    SHARES_BACKBONES: bool  # whether it can run a backbone's graph without a head

    def load(self, graph: Path, meta: dict) -> Runtime:
        """Open a verified graph; `meta` comes from meta.json. Raises whatever it must."""


def get(name: str) -> RuntimeModule:
    """Return the runtime module called `name`. Raises KeyError."""
    return import_module(RUNTIMES[name])
