"""Forward passes recorded as CUDA graphs, which a GPU repeats without Python launching each kernel.

Of ResNet-50 that is some 170 kernels and 4 ms of the interpreter's time for every batch.
"""

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from training.engine.preprocess import CROP

SIZES = (1, 2, 4, 8, 16, 32)  # of a batch; one between fills a part of the next larger
LARGEST = SIZES[-1]
WARM_UP = 3  # passes before recording: cuDNN chooses its algorithms, libraries take their memory
log = logging.getLogger(__name__)
_recording = threading.Lock()


class Recording(NamedTuple):
    """A graph, where it reads uint8 [size, side, side, 3], and where it leaves its answer."""

    graph: torch.cuda.CUDAGraph
    given: Tensor
    found: Tensor


class Recorded:
    """Calls like `forward` (uint8 [n, side, side, 3] to float32 [n, ...]) for n up to LARGEST, from
    the host's memory to the host's. Safe for several threads, which take turns."""

    def __init__(self, forward: Callable[[Tensor], Tensor], device: torch.device):
        self._lock = threading.Lock()
        self._memory = torch.cuda.graph_pool_handle()  # shared: one size runs at a time
        with _recording, torch.inference_mode():
            self._of = {size: self._record(forward, size, device) for size in reversed(SIZES)}

    def __call__(self, images: Tensor) -> Tensor:
        n = len(images)
        graph, given, found = self._of[next(size for size in SIZES if n <= size)]
        with self._lock:
            given[:n].copy_(images)
            graph.replay()
            return found[:n].cpu()

    def _record(self, forward, size: int, device: torch.device) -> Recording:
        given = torch.zeros((size, CROP, CROP, 3), dtype=torch.uint8, device=device)
        aside = torch.cuda.Stream(device)
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                forward(given)
        aside.synchronize()
        graph = torch.cuda.CUDAGraph()
        # other threads answer meanwhile, by graphs of other networks
        how = {"pool": self._memory, "stream": aside, "capture_error_mode": "thread_local"}
        with torch.cuda.graph(graph, **how):
            found = forward(given)
        return Recording(graph, given, found)


def recorded(forward: Callable[[Tensor], Tensor], device: torch.device) -> Recorded | None:
    """Return `forward` recorded, or None where that cannot be, as when memory is short."""
    try:
        return Recorded(forward, device)
    except RuntimeError as error:  # memory that runs out, and whatever CUDA refuses to record
        torch.cuda.empty_cache()
        log.warning("A network runs unrecorded: %s", str(error).partition("\n")[0])
        return None
