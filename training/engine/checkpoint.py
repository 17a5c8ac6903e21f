"""A training's state in one safetensors file: tensors in the body, the rest as JSON in its
header."""

import json
import os
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor


def write(path: Path, tensors: dict[str, Tensor], state: dict) -> None:
    """Write both atomically: a kill at any moment leaves the previous checkpoint or this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    whole = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    save_file(whole, partial, metadata={"state": json.dumps(state)})
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def read(path: Path, *, identity: str) -> tuple[dict[str, Tensor], dict] | None:
    """Return (tensors, state) of a checkpoint whose state's "identity" is `identity`, else None."""
    try:
        with safe_open(path, "pt") as file:
            state = json.loads(file.metadata()["state"])
            if state.get("identity") != identity:
                return None
            names = file.keys()  # a list: the file itself cannot be looped over
            return {name: file.get_tensor(name) for name in names}, state
    except (FileNotFoundError, SafetensorError, ValueError, KeyError, TypeError):
        return None
