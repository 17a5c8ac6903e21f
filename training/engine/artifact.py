"""A model version on disk: model.safetensors, model.onnx and meta.json. Torch-free, nothing is
unpickled.

model.onnx takes `images` uint8 [n, 224, 224, 3] (RGB, NHWC) and gives `probabilities` float32
[n, classes] and, for drift and shared backbones, `features` float32 [n, features].
model.safetensors holds `backbone.*` under torchvision's own names and `head.weight`, `head.bias`.
Where only the head was trained, head.safetensors holds it once more, alone, and names the graph of
the backbone it sits on: a server needs that graph once for all such versions.
"""

import json
import os
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from training.engine.backbones import sha256_of

FORMAT = "lepton-model/1"
WEIGHTS, GRAPH = FILES = ("model.safetensors", "model.onnx")
HEAD = "head.safetensors"  # only where the backbone stayed as it was
BACKBONE = "backbone.onnx"  # its graph, beside them until it is stored under its own hash


class ArtifactCorrupt(Exception):
    """A file of the artifact is missing, changed or unreadable; `file` is its path."""

    def __init__(self, file: Path, reason: str):
        self.file, self.reason = Path(file), reason
        super().__init__(f"{file}: {reason}")


def write_meta(folder: Path, meta: dict) -> dict:
    """Add the format and each file's sha256 to `meta` and write meta.json atomically; returns what
    was written."""
    files = {
        name: {"sha256": sha256_of(folder / name), "bytes": (folder / name).stat().st_size}
        for name in (*FILES, HEAD)
        if name in FILES or (folder / name).exists()
    }
    meta = {"format": FORMAT, **meta, "files": files}
    partial = folder / "meta.json.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(meta, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / "meta.json")
    return meta


def read_meta(folder: Path, *, verify: bool = True) -> dict:
    """Read meta.json and check every file it names against its sha256. Raises ArtifactCorrupt."""
    folder = Path(folder)
    path = folder / "meta.json"
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactCorrupt(path, "the file is missing") from None
    except ValueError:
        raise ArtifactCorrupt(path, "this is not valid JSON") from None
    if (
        not isinstance(meta, dict)
        or meta.get("format") != FORMAT
        or set(meta.get("files", ())) - {HEAD} != set(FILES)
    ):
        raise ArtifactCorrupt(path, f"this does not describe a {FORMAT} model")
    if verify:
        for name, facts in meta["files"].items():
            _verify(folder / name, facts)
    return meta


def write_head(folder: Path, weight: np.ndarray, bias: np.ndarray, *, backbone: Path) -> None:
    """Write head.safetensors: float32 `weight` [classes, features], `bias` [classes], and the
    sha256 of the graph `backbone` they sit on."""
    tensors = {"weight": np.ascontiguousarray(weight), "bias": np.ascontiguousarray(bias)}
    save_file(tensors, folder / HEAD, metadata={"backbone": sha256_of(backbone)})


def read_head(file: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Return weight, bias and the sha256 of their backbone's graph. Raises ArtifactCorrupt."""
    try:
        with safe_open(file, "numpy") as head:
            found = head.get_tensor("weight"), head.get_tensor("bias")
            return *found, head.metadata()["backbone"]
    except Exception as error:  # safetensors raises its own kinds; what it holds may be anything
        raise ArtifactCorrupt(file, str(error)) from error


def _verify(path: Path, facts: dict) -> None:
    if not path.is_file():
        raise ArtifactCorrupt(path, "the file is missing")
    if path.stat().st_size != facts["bytes"] or sha256_of(path) != facts["sha256"]:
        raise ArtifactCorrupt(path, "its content does not match the hash in meta.json")
