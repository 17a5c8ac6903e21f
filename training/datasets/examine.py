"""What can be said of a file before the dataset is asked: its place, its bytes, its pixels."""

import base64
import hashlib
from dataclasses import dataclass, field

from accounts.scoping import tenant_scope
from lepton.lib import storage
from training.datasets.archive import MAX_FILE_BYTES, DamagedEntry
from training.datasets.looks import Looks
from training.models import Image, ImportRow

Outcome = ImportRow.Outcome
OUTCOME_OF = {
    "changed_bytes": Outcome.CORRUPT,
    "corrupt": Outcome.CORRUPT,
    "decoder_died": Outcome.CORRUPT,
    "empty": Outcome.CORRUPT,
    "erased": Outcome.IGNORED,
    "ignored": Outcome.IGNORED,
    "label_too_long": Outcome.UNKNOWN_LABEL,
    "no_split": Outcome.UNKNOWN_LABEL,
    "not_an_image": Outcome.CORRUPT,
    "splits_file": Outcome.IGNORED,
    "too_heavy": Outcome.TOO_LARGE,
    "too_many_pixels": Outcome.TOO_LARGE,
    "too_small": Outcome.TOO_SMALL,
    "unknown_label": Outcome.UNKNOWN_LABEL,
}


@dataclass
class Finding:
    """One file: where it belongs, and either why not (`kind`) or the image it is."""

    position: int
    path: str
    place: object
    kind: str = ""
    params: dict = field(default_factory=dict)
    image: Image | None = None  # not yet in the database, unless `is_known`
    is_known: bool = False


def examine(entries, places, *, archive, decoder, ahead, tenant_id) -> list[Finding]:
    """Look at one batch of files and store their images; no transaction is open meanwhile.

    `ahead` is an executor of one thread: it decodes while this one unpacks and stores.
    """
    findings = [
        Finding(entry.position, entry.path, place, place.kind, place.params)
        for entry, place in zip(entries, places, strict=True)
    ]
    unpacked = [
        (finding, *_unpack(finding, entry, archive))
        for finding, entry in zip(findings, entries, strict=True)
        if not finding.kind
    ]
    known = _known_images([sha for _finding, sha, _data in unpacked if sha], tenant_id)
    waiting = []
    for finding, sha, data in unpacked:
        if finding.kind:
            continue
        if image := known.get(sha):
            finding.image, finding.is_known = image, True
        else:
            waiting.append((finding, sha, ahead.submit(decoder.clean, data)))
    for finding, sha, cleaned in waiting:
        _keep(finding, sha, cleaned.result(), tenant_id)
    return findings


def _unpack(finding, entry, archive):
    """The sha256 and bytes of a file; ("", b"") with the finding's kind set if there are none."""
    if entry.size_bytes > MAX_FILE_BYTES:
        finding.kind = "too_heavy"
        finding.params = {
            "megabytes": round(entry.size_bytes / 1e6),
            "limit": round(MAX_FILE_BYTES / 1e6),
        }
        return "", b""
    try:
        data = archive.read(entry)
    except DamagedEntry as error:
        finding.kind, finding.params = "changed_bytes", {"detail": str(error)[:200]}
        return "", b""
    return hashlib.sha256(data).hexdigest(), data


def _known_images(shas, tenant_id) -> dict[str, Image]:
    """Images the tenant has already, by the sha256 of the bytes they came as."""
    with tenant_scope(tenant_id):
        images = Image.objects.filter(original_sha256__in=shas)
        return {image.original_sha256: image for image in images}


def _keep(finding, original_sha256, cleaned, tenant_id):
    if cleaned.kind:
        finding.kind, finding.params = cleaned.kind, cleaned.params
    else:
        finding.image = keep(original_sha256, cleaned, tenant_id)


def keep(original_sha256: str, cleaned, tenant_id) -> Image:
    """Store a cleaned picture under its content's hash; its row is not yet in the database."""
    sha256 = hashlib.sha256(cleaned.data).hexdigest()
    name = f"{sha256}.{cleaned.ending}"
    key = storage.tenant_key(tenant_id, "images", sha256[:2], name)
    storage.put(key, cleaned.data)
    return Image(
        tenant_id=tenant_id,
        sha256=sha256,
        original_sha256=original_sha256,
        width=cleaned.width,
        height=cleaned.height,
        size_bytes=len(cleaned.data),
        storage_key=key,
        **_looks(cleaned.looks),
    )


def _looks(values) -> dict:
    found = Looks(*values)
    return found._asdict() | {"thumbprint": base64.b64decode(found.thumbprint)}
