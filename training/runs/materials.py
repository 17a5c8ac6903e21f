"""The images of a dataset version, brought from storage to a local cache named by content."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_noop

from accounts.scoping import tenant_scope
from lepton.lib import storage
from training.engine.errors import Stopped, TrainingFailed
from training.engine.progress import Pace, Progress
from training.models import VersionItem

REPORT_EVERY = 20


@dataclass(frozen=True)
class Material:
    """One row of a version's manifest, with where its image lies."""

    image_id: object
    sha256: str
    storage_key: str
    path: str
    label: str
    split: str
    group: str

    def local(self, folder: Path) -> Path:
        return folder / self.sha256[:2] / self.sha256


def cache_of(tenant_id) -> Path:
    """The folder of a tenant's own cache: images, features, graphs."""
    return Path(settings.LEPTON_CACHE_DIR) / str(tenant_id)


def of_version(tenant_id, version_id) -> list[Material]:
    """Return all rows of a dataset version, in an order that never changes."""
    names = ("image_id", "image__sha256", "image__storage_key", "path", "label", "split", "group")
    with tenant_scope(tenant_id):
        rows = VersionItem.objects.filter(version_id=version_id)
        return [Material(*r) for r in rows.order_by("path", "image__sha256").values_list(*names)]


def fetch(materials, folder: Path, *, progress, should_stop) -> None:
    """Copy what the cache lacks from storage. Raises Stopped and TrainingFailed."""
    missing = [m for m in materials if not m.local(folder).exists()]
    pace = Pace(len(missing))
    for done, material in enumerate(missing):
        if done % REPORT_EVERY == 0:
            if should_stop():
                raise Stopped
            words = gettext_noop("Fetching images")
            progress(Progress("preparing", done, len(missing), message=words, **pace.at(done)))
        _keep(material.local(folder), _read(material))


def _read(material) -> bytes:
    try:
        data = storage.get(material.storage_key)
    except FileNotFoundError as error:
        raise _unusable(material, "missing") from error
    if hashlib.sha256(data).hexdigest() != material.sha256:
        raise _unusable(material, "changed")
    return data


def _unusable(material, how):
    cause = {
        "missing": gettext_noop("The image %(path)s is missing from storage."),
        "changed": gettext_noop("The image %(path)s in storage is not the one that was frozen."),
    }[how]
    hint = gettext_noop("Restore the storage from a backup, or import the image again.")
    return TrainingFailed(cause, hint, path=material.path)


def _keep(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=target.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(draft).replace(target)
