"""What is sent to be answered in bulk, on its way into storage: a zip, or a manifest."""

import hashlib
import uuid

from lepton.lib import storage
from serving.bulk import manifest
from training.datasets import uploads

MANIFEST_ENDING = ".jsonl"  # of the key of a manifest, whatever it was sent as


def receive(stream, *, name, tenant, declared_bytes=None, content_type="") -> uploads.Upload:
    """Store what is read from `stream`; a manifest is read to its end and checked first.

    Call it outside tenant scopes: it waits for the sender. Raises TooLarge, BadManifest and
    ValidationError.
    """
    kind = manifest.kind_of(name, content_type)
    if kind is None:
        return uploads.receive(stream, name=name, tenant=tenant, declared_bytes=declared_bytes)
    data = stream.read(manifest.MAX_BYTES + 1)
    rows = manifest.parse(data, kind)
    key = storage.tenant_key(tenant.pk, "uploads", f"{uuid.uuid4()}{MANIFEST_ENDING}")
    storage.put(key, manifest.kept(rows))
    sha256 = hashlib.sha256(data).hexdigest()
    return uploads.Upload(key, uploads.plain_name(name), len(data), sha256)
