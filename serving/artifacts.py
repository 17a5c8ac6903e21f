"""A model version's graph from storage to a verified local file, kept by its hash."""

import hashlib
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from training.engine.artifact import FORMAT
from training.engine.backbones import sha256_of
from training.engine.preprocess import PREPROCESSING_VERSION

GRAPH = "model.onnx"
CHUNK_BYTES = 1_048_576


class Unloadable(Exception):
    """This model version can never answer here; the text says why, in words for people."""


def graph_hash(meta: dict) -> str:
    """Return the sha256 of the graph. Raises Unloadable if it is not made our way."""
    preprocessing = meta.get("preprocessing") or {}
    if preprocessing.get("version") != PREPROCESSING_VERSION:
        raise Unloadable(
            _("Its images are prepared by version %(theirs)s; this server knows %(ours)s.")
            % {"theirs": preprocessing.get("version"), "ours": PREPROCESSING_VERSION}
        )
    try:
        return meta["files"][GRAPH]["sha256"]
    except (KeyError, TypeError):
        raise Unloadable(_("Its meta.json is not that of a %s model.") % FORMAT) from None


def local_graph(storage_prefix: str, sha256: str) -> Path:
    """Return a local copy of the graph, fetched if need be. Raises Unloadable or OSError."""
    folder = Path(settings.LEPTON_CACHE_DIR) / "serving"
    path = folder / f"{sha256}.onnx"
    if path.is_file() and sha256_of(path) == sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".partial", delete=False) as partial:
        try:
            _fetch(f"{storage_prefix.rstrip('/')}/{GRAPH}", partial, sha256)
        except BaseException:
            Path(partial.name).unlink(missing_ok=True)
            raise
    return Path(partial.name).replace(path)


def _fetch(key: str, target, sha256: str) -> None:
    digest = hashlib.sha256()
    try:
        with default_storage.open(key) as source:
            for chunk in source.chunks(CHUNK_BYTES):
                digest.update(chunk)
                target.write(chunk)
    except FileNotFoundError:
        raise Unloadable(_("%s is missing from storage.") % GRAPH) from None
    if digest.hexdigest() != sha256:
        raise Unloadable(_("%s is damaged: its content does not match its hash.") % GRAPH)
