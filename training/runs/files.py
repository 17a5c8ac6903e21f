"""Files of model versions in storage, and a run's own folder while it works."""

import shutil
import time
import uuid
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from lepton.lib import storage

NAMES = ("model.safetensors", "model.onnx", "meta.json")
FORGOTTEN_AFTER_SECONDS = 14 * 86400


def version_id(run_id: uuid.UUID, attempt: int) -> uuid.UUID:
    """The id of the model version an attempt would make: two attempts never share files."""
    return uuid.uuid5(run_id, f"model version of attempt {attempt}")


def prefix_of(tenant_id, model_version_id) -> str:
    return storage.tenant_key(tenant_id, "models", str(model_version_id))


def store(folder: Path, prefix: str) -> None:
    """Copy a model's files from a folder to storage."""
    for name in NAMES:
        with (folder / name).open("rb") as file:
            default_storage.save(f"{prefix}/{name}", File(file))


def discard(prefix: str) -> None:
    """Remove a model's files from storage."""
    for name in NAMES:
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
