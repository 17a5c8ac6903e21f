"""What the training loop draws from: images decoded once, or activations of the frozen stages."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from training.engine import preprocess
from training.engine.augment import Augment
from training.engine.errors import Stopped
from training.engine.features import Image, read_square
from training.engine.networks import Classifier
from training.engine.progress import Pace, Progress

BATCH = 32
ABANDONED_SECONDS = 3600


class ImageBatches:
    """Squares uint8 [n, 256, 256, 3] (a memory map) with labels int64 [n]; gives crops uint8 [b,
    224, 224, 3].

    `targets` float32 [n, classes] are soft labels to learn from; without them the labels are.
    """

    def __init__(
        self,
        squares: np.ndarray,
        labels: np.ndarray,
        how: Augment,
        *,
        targets: np.ndarray | None = None,
    ):
        self.squares, self.labels = squares, torch.from_numpy(np.asarray(labels, dtype=np.int64))
        self.targets = self.labels if targets is None else torch.from_numpy(targets)
        self.how = how

    def __len__(self) -> int:
        return len(self.labels)

    def held_out(self, indices: np.ndarray) -> torch.Tensor:
        """Return the serving view: the centre crop, uint8 [b, 224, 224, 3]."""
        return torch.from_numpy(np.ascontiguousarray(preprocess.centre(self.squares[indices])))

    def augmented(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Return a random view of each, uint8 [b, 224, 224, 3], cropped and turned as allowed, and
        how bright to make it, float32 [b]: `finished` does that where the step is taken."""
        if not self.how.changes:
            return self.held_out(indices), torch.ones(len(indices))
        views = np.stack([self.how.view(self.squares[index], rng) for index in indices])
        return torch.from_numpy(views), torch.from_numpy(self.how.factors(len(indices), rng))

    def finished(self, views: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """Return the views as bright as `factors` say, float32 0 to 255, on their own device."""
        return (views.float() * factors.view(-1, 1, 1, 1)).clamp_(0, 255)


class ActivationBatches:
    """Activations float16 [n, views, ...] of the frozen stages; a random view for training, view 0
    held out."""

    def __init__(
        self, activations: np.ndarray, labels: np.ndarray, *, targets: np.ndarray | None = None
    ):
        self.activations = activations
        self.labels = torch.from_numpy(np.asarray(labels, dtype=np.int64))
        self.targets = self.labels if targets is None else torch.from_numpy(targets)

    def __len__(self) -> int:
        return len(self.labels)

    def held_out(self, indices: np.ndarray) -> torch.Tensor:
        """Return view 0: float32 [b, ...]."""
        return torch.from_numpy(self.activations[indices, 0].astype(np.float32))

    def augmented(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """Return a random view of each: float16 [b, ...]."""
        views = rng.integers(0, self.activations.shape[1], len(indices))
        return (torch.from_numpy(self.activations[indices, views]),)

    def finished(self, views: torch.Tensor) -> torch.Tensor:
        """Return them as float32."""
        return views.float()


def squares(
    rows: Sequence[Image],
    folder: Path,
    progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
    decoders: int = 1,
) -> np.ndarray:
    """Return the rows' squares uint8 [n, 256, 256, 3] as a memory map under `folder`, decoding
    them the first time, by `decoders` threads.

    The file is named by the rows' hashes and the transform's version and appears whole or not at
    all.
    Raises Stopped and TrainingFailed.
    """
    names = "\n".join([preprocess.PREPROCESSING_VERSION, *(row.sha256 for row in rows)])
    side = preprocess.RESIZE

    def fill(out: np.ndarray, at: int) -> None:
        coming = rows[at : at + BATCH]
        with ThreadPoolExecutor(decoders) as threads:
            read = threads.map if decoders > 1 else map
            for index, square in enumerate(read(read_square, coming), at):
                out[index] = square

    name = f"squares-{hashlib.sha256(names.encode()).hexdigest()[:32]}.npy"
    return _filled(folder / name, (len(rows), side, side, 3), np.uint8, fill, progress, should_stop)


def activations(
    model: Classifier,
    cut: int,
    images: np.ndarray,
    *,
    views: int,
    file: Path,
    progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> np.ndarray:
    """Return what `model`'s first `cut` stages make of the centre crops of `images` and, with 2
    views, their mirrors.

    float16 [n, views, channels, height, width], kept in `file`. Raises Stopped.
    """
    crops = preprocess.centre(images)
    with torch.no_grad():
        shape = model.begin(torch.from_numpy(np.ascontiguousarray(crops[:1])), cut).shape[1:]

    def fill(out: np.ndarray, at: int) -> None:
        for view in range(views):
            pixels = crops[at : at + BATCH] if view == 0 else crops[at : at + BATCH, :, ::-1]
            with torch.no_grad():
                out[at : at + BATCH, view] = (
                    model.begin(torch.from_numpy(np.ascontiguousarray(pixels)), cut).half().numpy()
                )

    return _filled(file, (len(images), views, *shape), np.float16, fill, progress, should_stop)


def _filled(path: Path, shape: tuple, dtype, fill, progress, should_stop) -> np.ndarray:
    """Open `path`, or have `fill(out, at)` write it batch by batch and move it into place when
    whole."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(path)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        out = np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=shape)
        pace = Pace(shape[0])
        try:
            for at in range(0, shape[0], BATCH):
                if should_stop():
                    raise Stopped
                fill(out, at)
                done = min(at + BATCH, shape[0])
                progress(Progress("preparing", done, shape[0], **pace.at(done)))
            out.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return np.load(path, mmap_mode="r")


def _clear_abandoned(path: Path) -> None:
    """Remove what a killed run left half-written; an hour untouched means nobody writes it."""
    for partial in path.parent.glob(f"{path.stem}.*.partial"):
        if partial.stat().st_mtime < time.time() - ABANDONED_SECONDS:
            partial.unlink(missing_ok=True)
