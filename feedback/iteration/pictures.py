"""What clients sent, as images of a dataset: found by content, or decoded and stored once."""

from dataclasses import dataclass

from accounts.scoping import tenant_scope
from feedback.iteration import triggers
from lepton.lib import storage
from training.datasets.decoder import Decoder
from training.datasets.examine import keep
from training.models import Image


@dataclass(frozen=True)
class Picture:
    """The image of one input, or why there is none (`reason`, of gathering.REASONS)."""

    image: Image | None = None  # perhaps not in the database yet
    reason: str = ""


def bring(engagement) -> dict[str, Picture]:
    """Return the picture of each input that waits to be taken up, by the sha256 it was sent with.

    No transaction is open meanwhile; what is stored is named by its content, so doing it twice
    changes nothing.
    """
    with tenant_scope(engagement.tenant_id):
        rows = triggers.waiting(engagement).values_list(
            "prediction__input_sha256", "prediction__input_key"
        )
        keys = {}
        for sha256, key in rows:
            keys[sha256] = key or keys.get(sha256, "")
        known = Image.objects.filter(original_sha256__in=keys)
        found = {image.original_sha256: Picture(image) for image in known}
    with Decoder() as decoder:
        for sha256, key in keys.items():
            if sha256 not in found:
                found[sha256] = _decoded(decoder, engagement.tenant_id, sha256, key)
    return found


def _decoded(decoder, tenant_id, sha256, key) -> Picture:
    if not key:
        return Picture(reason="not_kept")
    try:
        data = storage.get(key)
    except FileNotFoundError:
        return Picture(reason="not_kept")
    cleaned = decoder.clean(data)
    return (
        Picture(reason="unreadable") if cleaned.kind else Picture(keep(sha256, cleaned, tenant_id))
    )
