"""A model version as a folder that serves itself: a zip, streamed, the same bytes each time.

What preprocesses an image there is the file that training and endpoints use, not a copy of it.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.text import slugify

from accounts import audit
from lepton.lib import storage
from lepton.lib.pipe import Pipe
from training.engine import preprocess
from training.runs import card
from training.runs.files import NAMES

CHUNK_BYTES = 1024 * 1024
MADE_AT = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment: the same bytes each time
NEEDED = {
    "flatbuffers",
    "numpy",
    "onnxruntime",
    "packaging",
    "pillow",
    "protobuf",
    "simplejpeg",
}
# As they are imported, so that they work there unchanged.
CODE = (
    "training/__init__.py",
    "training/engine/__init__.py",
    "training/engine/errors.py",
    "training/engine/preprocess.py",
    "serving/__init__.py",
    "serving/bundled/__init__.py",
    "serving/bundled/answering.py",
    "serving/bundled/open_inference.py",
    "serving/bundled/serve.py",
)


class Bundle(NamedTuple):
    """What is in a bundle: small files as bytes, the model's own by where they are stored."""

    name: str
    small: dict[str, bytes]
    stored: dict[str, tuple[str, str]]  # {name: (storage key, sha256)}

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of every file, by name."""
        found = {name: hashlib.sha256(data).hexdigest() for name, data in self.small.items()}
        found |= {name: sha256 for name, (_key, sha256) in self.stored.items()}
        return dict(sorted(found.items()))

    @property
    def sums(self) -> bytes:
        """SHA256SUMS, as `sha256sum -c` reads it."""
        return "".join(f"{sha256}  {name}\n" for name, sha256 in self.hashes.items()).encode()

    @property
    def sha256(self) -> str:
        """The hash of SHA256SUMS, and so of everything."""
        return hashlib.sha256(self.sums).hexdigest()

    @property
    def file_name(self) -> str:
        return f"{self.name}.zip"


def bundle_of(version) -> Bundle:
    """Gather a bundle within the tenant's scope; nothing large is read yet."""
    known = version.meta.get("files", {})
    stored = {
        file: (f"{version.storage_prefix}/{file}", known[file]["sha256"])
        for file in NAMES
        if file in known
    }
    small = {path: (settings.BASE_DIR / path).read_bytes() for path in CODE}
    small |= {
        "Dockerfile": (settings.BASE_DIR / "serving/bundled/Dockerfile").read_bytes(),
        "meta.json": storage.get(f"{version.storage_prefix}/meta.json"),
        "bundle.json": _as_json(_about(version)),
        "labels.txt": "".join(f"{label}\n" for label in version.classes).encode(),
        "preprocessing.json": _as_json(version.meta.get("preprocessing") or preprocess.describe()),
        "requirements.txt": _requirements().encode(),
        "model-card.md": card.card_of(version).encode(),
        "README.md": _readme(version).encode(),
        **_example(version),
    }
    return Bundle(f"{_name(version)}-v{version.number}", small, stored)


def note_download(version, bundle, *, by) -> None:
    """Write into the audit log who took which bundle away."""
    audit.record("model.bundled", version, by=by, number=version.number, sha256=bundle.sha256)


def zipped(bundle: Bundle) -> Iterator[bytes]:
    """The zip in pieces; the model's files are read from storage as they are sent."""
    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path, data in sorted({**bundle.small, "SHA256SUMS": bundle.sums}.items()):
            archive.writestr(_entry(bundle, path), data)
        yield out.taken()
        for path, (key, _sha256) in bundle.stored.items():
            with storage.reading(key) as file, archive.open(_entry(bundle, path), "w") as target:
                while chunk := file.read(CHUNK_BYTES):
                    target.write(chunk)
                    yield out.taken()
    yield out.taken()


def _entry(bundle, path) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(f"{bundle.name}/{path}", MADE_AT)
    info.external_attr = 0o644 << 16
    return info


def _about(version) -> dict:
    return {
        "endpoint": _name(version),
        "model_version": version.number,
        "model_version_id": str(version.pk),
    }


def _name(version) -> str:
    """What clients call the model: the endpoint's address, where there is one."""
    endpoint = version.engagement.endpoints.first()
    return endpoint.slug if endpoint else slugify(version.engagement.name) or "model"


def _readme(version) -> str:
    context = {"version": version, "name": _name(version)}
    return render_to_string("serving/bundle_readme.md", context).strip() + "\n"


def _requirements() -> str:
    """The versions that run here, what they need included."""
    lines = (settings.BASE_DIR / "constraints.txt").read_text("utf-8").splitlines()
    return "".join(f"{line}\n" for line in lines if line.partition("==")[0] in NEEDED)


def _example(version) -> dict[str, bytes]:
    """A test image, how to send it, and what was measured for it; nothing where none was kept."""
    evaluation = version.test_evaluation
    if evaluation is None:
        return {}
    kept = evaluation.items.filter(image__erased_at=None)
    item = kept.select_related("image").order_by("path").first()
    if item is None:
        return {}
    ending = item.image.storage_key.rpartition(".")[2]
    expected = {
        "label": item.answer,
        "scores": dict(zip(version.classes, item.scores, strict=True)),
        "image_sha256": item.image.sha256,
    }
    request = (
        "curl --fail-with-body http://127.0.0.1:8080/predict"
        f' --data-binary "@$(dirname "$0")/image.{ending}"\n'
    )
    return {
        f"example/image.{ending}": storage.get(item.image.storage_key),
        "example/request.sh": request.encode(),
        "example/expected.json": _as_json(expected),
    }


def _as_json(document) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
