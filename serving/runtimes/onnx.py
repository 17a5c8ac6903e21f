"""ONNX Runtime on the CPU: one session, one thread a call, shared by all worker threads."""

from pathlib import Path

import numpy as np

from serving.runtimes import BATCH_AT_MOST
from training.engine.graph import open_session

SHARES_BACKBONES, READS_WEIGHTS = True, False
PLATFORM = "onnxruntime_onnx"
SMALL_BYTES = 16_000_000  # below it (MobileNet and the like) a batch beats single images on a CPU


class OnnxRuntime:
    """A session of ONNX Runtime; its `run` is safe to call from several threads."""

    batch_at_most = BATCH_AT_MOST

    def __init__(self, graph: Path):
        self.session = open_session(graph, threads=1)
        self.batches = graph.stat().st_size < SMALL_BYTES
        names = {out.name for out in self.session.get_outputs()}
        is_whole = "probabilities" in names
        self._answers = "probabilities" if is_whole else "features"
        self._places = names.intersection({"evidence" if is_whole else "maps"})

    def run(self, images: np.ndarray) -> np.ndarray:
        return self.session.run([self._answers], {"images": images})[0]

    def evidence(self, image: np.ndarray) -> np.ndarray | None:
        if not self._places:  # exported before graphs could say
            return None
        return self.session.run([*self._places], {"images": image})[0][0]


def lanes(threads: int) -> int:
    """Each thread decodes and runs."""
    return threads


def load(graph: Path, meta: dict, *, weights: Path | None = None) -> OnnxRuntime:
    """Open a graph as `training.engine.artifact` describes it."""
    return OnnxRuntime(graph)
