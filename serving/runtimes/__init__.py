"""What runs a model: a Protocol and a dict of dotted paths. Only the one named torch imports it."""

from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

RUNTIMES = {
    "onnx": "serving.runtimes.onnx",
    "torch": "serving.runtimes.torch",
    "null": "serving.runtimes.null",
}
BATCH_AT_MOST = 8  # images in one call on a CPU


class Runtime(Protocol):
    """A loaded graph; `run` may be called by several threads at once.

    Of a backbone's graph alone it gives what a head is applied to: features and maps.
    """

    batches: bool  # whether several images in one call are cheaper than one by one
    batch_at_most: int  # images in one call

    def run(self, images: np.ndarray) -> np.ndarray:
        """Take uint8 [n, side, side, 3] (RGB); return probabilities, float32 [n, classes], or
        features [n, features]."""

    def evidence(self, image: np.ndarray) -> np.ndarray | None:
        """Take uint8 [1, side, side, 3]; return what speaks for each class where, float32 [classes,
        height, width], or maps [channels, height, width]; None if the graph cannot say."""


class RuntimeModule(Protocol):
    """What a module named in RUNTIMES offers."""

    SHARES_BACKBONES: bool  # whether it can run a backbone's graph without a head
    READS_WEIGHTS: bool  # whether it needs the version's tensors beside the graph
    PLATFORM: str  # what the Open Inference Protocol calls it

    def lanes(self, threads: int) -> int:
        """Return how many batches a process granted so many threads works through at once. Where
        they are fewer, the threads decode: what comes meanwhile waits, and runs together next."""

    def load(self, graph: Path, meta: dict, *, weights: Path | None = None) -> Runtime:
        """Open verified files; `meta` comes from meta.json, `weights` is model.safetensors where
        it is read. Raises Unsuited for what another runtime may run, else whatever it must."""


def get(name: str) -> RuntimeModule:
    """Return the runtime module called `name`. Raises KeyError."""
    return import_module(RUNTIMES[name])
