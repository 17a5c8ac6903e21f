"""Features of a frozen backbone, computed once per image and kept on disk. Torch-free.

A feature depends on the image's bytes, the view, the weights and the transform, and on nothing
else: never on label or split. So a re-run with other labels touches no pixel.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from training.engine import preprocess
from training.engine.errors import Stopped, TrainingFailed, gettext_noop
from training.engine.progress import Pace, Progress

EXACT = "|float32"  # what the exported graph gives, unrounded: for evaluation
TORCH = "|torch"  # what the trained network gives: for the parity of the export
Forward = Callable[[np.ndarray], np.ndarray]  # uint8 [b, 224, 224, 3] to float32 [b, features]


class Image(Protocol):
    """What is needed of a row."""

    sha256: str

    def read(self) -> bytes: ...


class FeatureCache:
    """Features [n, features] by (sha256, view), as immutable segments in one folder per backbone:
    float16 to learn from, or float32 under a `precision` of its own.

    Writers only ever add whole segments by an atomic rename, so several may write at once and one
    may be
    killed at any moment: the worst is a feature computed twice.
    """

    def __init__(self, cache_dir: Path, *, backbone: str, weights_sha256: str, precision: str = ""):
        """`precision` names who computed them and how exactly, where that is not ONNX Runtime's
        float32 kept as float16: "|tf32", EXACT or TORCH. Each is kept apart."""
        self.dtype = np.float32 if precision in (EXACT, TORCH) else np.float16
        space = f"{backbone}|{weights_sha256}|{preprocess.PREPROCESSING_VERSION}|pooled{precision}"
        self.folder = Path(cache_dir) / "features" / hashlib.sha256(space.encode()).hexdigest()[:32]
        self._known: dict[str, np.ndarray] = {}
        self._read: set[str] = set()

    def get(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the known features among `keys` ("<sha256>:<view>"), each [features]."""
        for segment in sorted(self.folder.glob("*.safetensors")):
            if segment.name not in self._read:
                self._read.add(segment.name)
                self._known.update(_read_segment(segment))
        return {key: self._known[key] for key in keys if key in self._known}

    def add(self, keys: Sequence[str], features: np.ndarray) -> None:
        """Keep `features` [n, features] under `keys` for good."""
        self.folder.mkdir(parents=True, exist_ok=True)
        features = np.ascontiguousarray(features, dtype=self.dtype)
        name = _write_segment(self.folder, keys, features)
        self._known.update(zip(keys, features, strict=True))
        self._read.add(name)


def forget(cache_dir: Path, sha256s: Sequence[str]) -> None:
    """Remove every feature of these images, of all backbones and precisions.

    A segment that holds some is written anew without them before it goes, so that a kill at any
    moment leaves each other feature where it was.
    """
    gone = set(sha256s)
    for segment in sorted((Path(cache_dir) / "features").glob("*/*.safetensors")):
        known = _read_segment(segment)
        kept = {key: value for key, value in known.items() if key.split(":")[0] not in gone}
        if len(kept) == len(known):
            continue
        if kept:
            values = np.stack(list(kept.values()))
            _write_segment(segment.parent, list(kept), values)
        segment.unlink(missing_ok=True)


def extract(
    rows: Sequence[Image],
    *,
    views: int,
    cache: FeatureCache,
    forward: Callable[[], Forward],
    batch: int = 16,
    decoders: int = 1,
    progress: Callable[[Progress], None],
    should_stop: Callable[[], bool],
) -> np.ndarray:
    """Return float32 features [n, views, features]; only images the cache does not know are
    decoded.

    View 0 is the serving transform, view 1 its mirror. `forward()` opens the backbone and is called
    only when pixels must be read; it sees `batch` images at once, decoded by `decoders` threads.
    Raises Stopped, and TrainingFailed for an image that cannot be decoded.
    """
    keys = [f"{row.sha256}:{view}" for row in rows for view in range(views)]
    known = cache.get(keys)
    missing = list(
        {
            row.sha256: row
            for row in rows
            if any(f"{row.sha256}:{view}" not in known for view in range(views))
        }.values()
    )
    if missing:
        if should_stop():
            raise Stopped
        compute = partial(_compute, views=views, cache=cache, forward=forward(), batch=batch)
        compute(missing, decoders=decoders, progress=progress, should_stop=should_stop)
        known = cache.get(keys)
    return np.stack([known[key] for key in keys]).reshape(len(rows), views, -1).astype(np.float32)


def read_input(row: Image) -> np.ndarray:
    """Read and decode one row to uint8 [224, 224, 3]. Raises TrainingFailed naming the image."""
    return preprocess.centre(read_square(row))


def read_square(row: Image) -> np.ndarray:
    """Read and decode one row to uint8 [256, 256, 3]. Raises TrainingFailed naming the image."""
    try:
        return preprocess.canonical(row.read())
    except (preprocess.UnreadableImage, OSError) as error:
        raise TrainingFailed(
            gettext_noop("The image %(image)s cannot be read: %(reason)s"),
            gettext_noop("Remove it from the dataset and freeze a new version."),
            image=row.sha256[:12],
            reason=str(error),
        ) from error


def _compute(missing, *, views, cache, forward, batch, decoders, progress, should_stop) -> None:
    pace = Pace(len(missing))
    progress(Progress("preparing", 0, len(missing)))
    with ThreadPoolExecutor(decoders) as threads:
        read = threads.map if decoders > 1 else map
        for at in range(0, len(missing), batch):
            if should_stop():
                raise Stopped
            rows = missing[at : at + batch]
            images = np.stack(list(read(read_input, rows)))
            for view in range(views):
                pixels = images if view == 0 else np.ascontiguousarray(images[:, :, ::-1])
                cache.add([f"{row.sha256}:{view}" for row in rows], forward(pixels))
            done = at + len(rows)
            progress(Progress("preparing", done, len(missing), **pace.at(done)))


def _write_segment(folder: Path, keys: Sequence[str], features: np.ndarray) -> str:
    """Write one segment whole or not at all; returns its name."""
    handle, name = tempfile.mkstemp(dir=folder, suffix=".partial")
    os.close(handle)
    partial = Path(name)
    save_file({"features": features}, partial, metadata={"keys": json.dumps(list(keys))})
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    name = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:32] + ".safetensors"
    partial.replace(folder / name)
    return name


def _read_segment(path: Path) -> dict[str, np.ndarray]:
    """Read one segment; a damaged one counts as absent."""
    try:
        with safe_open(path, "numpy") as file:
            return dict(
                zip(json.loads(file.metadata()["keys"]), file.get_tensor("features"), strict=True)
            )
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return {}
