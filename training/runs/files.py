"""Files of model versions in storage, and a run's own folder while it works."""

import shutil
import time
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from lepton.lib import storage
from training.engine import artifact
from training.engine.backbones import sha256_of

NAMES = (*artifact.FILES, "meta.json")  # each has these; a probe has its head besides
FORGOTTEN_AFTER_SECONDS = 14 * 86400


def version_id(run_id: uuid.UUID, attempt: int) -> uuid.UUID:
    """The id of the model version an attempt would make: two attempts never share files."""
    return uuid.uuid5(run_id, f"model version of attempt {attempt}")


def prefix_of(tenant_id, model_version_id) -> str:
    return storage.tenant_key(tenant_id, "models", str(model_version_id))


def backbone_key(sha256: str) -> str:
    """Where an untrained backbone's graph lies: it is nobody's data, so it lies there once."""
    return f"shared/backbones/{sha256}.onnx"


def store(folder: Path, prefix: str) -> None:
    """Copy a model's files from a folder to storage."""
    _store_backbone(folder / artifact.BACKBONE)
    for name in (artifact.HEAD, *NAMES):
        if name in NAMES or (folder / name).exists():
            _copy(folder / name, f"{prefix}/{name}")


def _store_backbone(graph: Path) -> None:
    if graph.exists():
        key = backbone_key(sha256_of(graph))
        if not default_storage.exists(key):
            _copy(graph, key)


def stored(prefix: str) -> list[str]:
    """The names of a model's files in storage."""
    head = [artifact.HEAD] if default_storage.exists(f"{prefix}/{artifact.HEAD}") else []
    return [*head, *NAMES]


def _copy(path: Path, key: str) -> None:
    with path.open("rb") as file:
        default_storage.save(key, File(file))


def discard(prefix: str) -> None:
    """Remove a model's files from storage."""
    for name in (artifact.HEAD, *NAMES):
        storage.discard(f"{prefix}/{name}")


def work_dir(run_id) -> Path:
    """A run's own folder on this machine: its checkpoint, its model before it is stored."""
    folder = Path(settings.LEPTON_HOME) / "work" / str(run_id)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_work(run_id) -> None:
    """Remove a run's folder, and those nobody has touched for two weeks."""
    shutil.rmtree(work_dir(run_id), ignore_errors=True)
    before = time.time() - FORGOTTEN_AFTER_SECONDS
    for folder in (Path(settings.LEPTON_HOME) / "work").iterdir():
        if folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
