"""PyTorch, for a GPU: a version's own tensors in the engine's network, held against its graph."""

import logging
from pathlib import Path

import numpy as np
import torch
from django.utils.translation import gettext as _

from serving.artifacts import Unsuited
from serving.runtimes import BATCH_AT_MOST
from serving.runtimes.recorded import LARGEST, recorded
from training.engine import device as devices
from training.engine.graph import open_session
from training.engine.preprocess import CROP
from training.engine.restore import CannotRestore, Restored, restore

SHARES_BACKBONES = READS_WEIGHTS = True
PLATFORM = "pytorch_safetensors"
GPU_LANES = 2  # one batch is decoded while the other runs
TOLERANCE = 1e-3  # of a probability; of features and maps, as a share of the largest
log = logging.getLogger(__name__)


class TorchRuntime:
    """A network on a device; `whole` gives probabilities, else it is a backbone alone."""

    batches = True

    def __init__(self, network: Restored, device: torch.device, *, whole: bool, precision: str):
        self.network, self.device, self.precision = network, device, precision
        only = network.networks[0]
        self._answers = network.probabilities if whole else only.features
        self._places = network.evidence if whole else only.maps
        self.batch_at_most, self._recorded = BATCH_AT_MOST, None
        if device.type == "cuda":
            self.batch_at_most = LARGEST
            self._recorded = recorded(self._quick, device)

    @torch.inference_mode()
    def run(self, images: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(images)
        if self._recorded and len(images) <= LARGEST:
            return self._recorded(pixels).numpy()
        return devices.in_parts(self._quick, pixels.to(self.device)).cpu().numpy()

    @torch.inference_mode()
    def evidence(self, image: np.ndarray) -> np.ndarray:
        """In float32: of a network with small activations float16 leaves nothing but zeros."""
        return self._places(torch.from_numpy(image).to(self.device))[0].cpu().numpy()

    def _quick(self, pixels: torch.Tensor) -> torch.Tensor:
        """What `run` gives, computed in this runtime's precision."""
        if self.precision == "float32":
            return self._answers(pixels).float()
        # without a cache, or a recording would keep casts that are gone by the time it is repeated
        with torch.autocast(self.device.type, getattr(torch, self.precision), cache_enabled=False):
            return self._answers(pixels).float()


def lanes(threads: int) -> int:
    """On a GPU few at once, so that more images share each; on a CPU as many as threads."""
    return min(GPU_LANES, threads) if devices.choose().type == "cuda" else threads


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
