"""PyTorch, for a GPU: a version's own tensors in the engine's network, held against its graph."""

import logging
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from django.utils.translation import gettext as _

from serving.artifacts import Unsuited
from serving.runtimes import BATCH_AT_MOST
from training.engine import device as devices
from training.engine.graph import open_session
from training.engine.preprocess import CROP
from training.engine.restore import CannotRestore, Restored, restore

SHARES_BACKBONES = READS_WEIGHTS = True
PLATFORM = "pytorch_safetensors"
GPU_BATCH_AT_MOST = 32
GPU_COMPANY_SECONDS = 0.005
TOLERANCE = 1e-3  # of a probability; of features and maps, as a share of the largest
log = logging.getLogger(__name__)


class TorchRuntime:
    """A network on a device; `whole` gives probabilities, else it is a backbone alone."""

    batches = True

    def __init__(self, network: Restored, device: torch.device, *, whole: bool, precision: str):
        self.network, self.device, self.whole = network, device, whole
        self.precision = precision
        on_gpu = device.type == "cuda"
        self.batch_at_most = GPU_BATCH_AT_MOST if on_gpu else BATCH_AT_MOST
        self.company_seconds = GPU_COMPANY_SECONDS if on_gpu else 0.0

    def run(self, images: np.ndarray) -> np.ndarray:
        only = self.network.networks[0]
        return self._forward(self.network.probabilities if self.whole else only.features, images)

    def evidence(self, image: np.ndarray) -> np.ndarray:
        only = self.network.networks[0]
        return self._forward(self.network.evidence if self.whole else only.maps, image)[0]

    def _forward(self, forward, images: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), self._autocast():
            given = devices.in_parts(forward, torch.from_numpy(images).to(self.device))
            return given.float().cpu().numpy()

    def _autocast(self):
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.precision))


def load(graph: Path, meta: dict, *, weights: Path | None = None) -> TorchRuntime:
    """Build the network from `weights` and hold its answers against the graph's.

    Runs in float16 on a GPU where that stays within the tolerance, else in float32. Raises Unsuited
    for what no network of the catalogue computes, or computes otherwise.
    """
    _refuse_quantised(meta)
    try:
        network = restore(weights, meta)
    except CannotRestore as error:
        raise Unsuited(_("PyTorch cannot rebuild it: %s.") % error) from error
    torch.set_num_threads(1)  # worker threads are as many as there are cores for them
    torch.backends.cudnn.allow_tf32 = False  # float32 is float32, or parity would not say so
    device = devices.choose()
    network.to(device)
    answers = _Reference(graph)
    precisions = ("float16", "float32") if device.type == "cuda" else ("float32",)
    for precision in precisions:
        runtime = TorchRuntime(network, device, whole=answers.whole, precision=precision)
        gap = answers.gap(runtime)
        if gap <= max(TOLERANCE, _exported_gap(meta)):
            log.info("PyTorch on %s in %s, %.1e from its graph", device, precision, gap)
            return runtime
    raise Unsuited(_("PyTorch answers otherwise than its graph, by up to %.4f.") % gap)


def _refuse_quantised(meta: dict) -> None:
    if meta.get("quantised"):
        message = _("Its graph is quantised to 8-bit integers for CPUs, which PyTorch cannot run.")
        raise Unsuited(message)


def _exported_gap(meta: dict) -> float:
    """How far the export itself was from PyTorch when the version was made."""
    return (meta.get("parity") or {}).get("max_probability_difference") or 0.0


class _Reference:
    """What the graph answers to a few images that are always the same."""

    def __init__(self, graph: Path):
        session = open_session(graph, threads=1)
        names = {out.name for out in session.get_outputs()}
        self.whole = "probabilities" in names
        self.images = _images()
        wanted = "probabilities" if self.whole else "features"
        self.answers = session.run([wanted], {"images": self.images})[0]

    def gap(self, runtime: TorchRuntime) -> float:
        """The largest difference; infinite where the answers are of another shape or no numbers."""
        given = runtime.run(self.images)
        if given.shape != self.answers.shape:
            return float("inf")
        scale = 1.0 if self.whole else float(np.abs(self.answers).max()) or 1.0
        gap = float(np.abs(given - self.answers).max()) / scale
        return gap if np.isfinite(gap) else float("inf")


def _images() -> np.ndarray:
    """Coarse and fine patterns, uint8 [4, side, side, 3]."""
    random, images = np.random.default_rng(0), []
    for cells in (4, 16, 56, CROP):
        pattern = random.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        images.append(pattern.repeat(CROP // cells, 0).repeat(CROP // cells, 1))
    return np.stack(images)
