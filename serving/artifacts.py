"""A model version's files from storage to verified local copies, kept by their hash."""

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from training.engine import artifact
from training.engine.backbones import sha256_of
from training.engine.preprocess import PREPROCESSING_VERSION
from training.runs.files import backbone_key

META = "meta.json"
CHUNK_BYTES = 1_048_576


class Unloadable(Exception):
    """This model version can never answer here; the text says why, in words for people."""


class Unsuited(Unloadable):
    """The runtime of this server cannot run it; another one may."""


def refuse_other_preprocessing(meta: dict) -> None:
    """Raise Unloadable for a version whose images are not prepared our way."""
    version = (meta.get("preprocessing") or {}).get("version")
    if version != PREPROCESSING_VERSION:
        raise Unloadable(
            _("Its images are prepared by version %(theirs)s; this server knows %(ours)s.")
            % {"theirs": version, "ours": PREPROCESSING_VERSION}
        )


def graph_facts(meta: dict) -> tuple[str, int]:
    """Return sha256 and bytes of the whole graph. Raises Unloadable if it is not made our way."""
    try:
        facts = meta["files"][artifact.GRAPH]
        return facts["sha256"], facts["bytes"]
    except (KeyError, TypeError):
        message = _("Its meta.json is not that of a %s model.") % artifact.FORMAT
        raise Unloadable(message) from None


def head_hash(meta: dict) -> str | None:
    """Return the sha256 of the head that sits on a shared backbone, if the version has one."""
    facts = (meta.get("files") or {}).get(artifact.HEAD)
    return facts and facts["sha256"]


def whole_graph(storage_prefix: str, sha256: str) -> Path:
    """Return a local copy of a version's own graph. Raises Unloadable or OSError."""
    return _local(f"{storage_prefix.rstrip('/')}/{artifact.GRAPH}", sha256)


def description(storage_prefix: str) -> dict:
    """Return the whole of meta.json; the database hands out what every runtime needs, and no more.
    Raises Unloadable or OSError."""
    try:
        with default_storage.open(f"{storage_prefix.rstrip('/')}/{META}") as file:
            return json.load(file)
    except FileNotFoundError:
        raise Unloadable(_("%s is missing from storage.") % META) from None
    except ValueError:
        raise Unloadable(_("Its meta.json is not that of a %s model.") % artifact.FORMAT) from None


def weights(storage_prefix: str, meta: dict) -> Path:
    """Return a local copy of a version's tensors. Raises Unsuited, Unloadable or OSError."""
    facts = (meta.get("files") or {}).get(artifact.WEIGHTS)
    if not facts:
        raise Unsuited(_("It has no %s, which PyTorch needs.") % artifact.WEIGHTS)
    return _local(f"{storage_prefix.rstrip('/')}/{artifact.WEIGHTS}", facts["sha256"])


def backbone(sha256: str) -> Path:
    """Return a local copy of a backbone's graph. Raises Unloadable or OSError."""
    return _local(backbone_key(sha256), sha256)


def head(storage_prefix: str, sha256: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Return weight, bias and their backbone's sha256. Raises Unloadable or OSError."""
    file = _local(f"{storage_prefix.rstrip('/')}/{artifact.HEAD}", sha256)
    try:
        return artifact.read_head(file)
    except artifact.ArtifactCorrupt as error:
        raise Unloadable(_("The head cannot be read: %s") % error.reason) from error


def _local(key: str, sha256: str) -> Path:
    """Return a copy of a file with that hash, fetched if need be."""
    folder = Path(settings.LEPTON_CACHE_DIR) / "serving"
    path = folder / f"{sha256}{Path(key).suffix}"
    if path.is_file() and sha256_of(path) == sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".partial", delete=False) as partial:
        try:
            _fetch(key, partial, sha256)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
    return Path(partial.name).replace(path)


def _fetch(key: str, target, sha256: str) -> None:
    digest, name = hashlib.sha256(), Path(key).name
    try:
        with default_storage.open(key) as source:
            for chunk in source.chunks(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
    except FileNotFoundError:
        raise Unloadable(_("%s is missing from storage.") % name) from None
    if digest.hexdigest() != sha256:
        raise Unloadable(_("%s is damaged: its content does not match its hash.") % name)
