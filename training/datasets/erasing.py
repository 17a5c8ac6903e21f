"""Erasing images for good: out of working sets at once, then their bytes; the hashes stay."""

from pathlib import Path

from django.utils import timezone

from training.engine import features
from training.models import Explanation, Image, ImageVector, Item
from training.runs import materials


def mark(images) -> int:
    """Mark images as erased: no page shows them any more, no version takes them in; how many.

    Call it inside the transaction that decides so; the bytes are for the caller to remove.
    """
    ids = [image.pk for image in images]
    for derived in (Item, Explanation, ImageVector):
        derived.objects.filter(image__in=ids).delete()
    gone = {"erased_at": timezone.now(), "thumbprint": None}
    return Image.objects.filter(pk__in=ids, erased_at=None).update(**gone)


def forget_locally(tenant_id, sha256s) -> None:
    """Remove what this machine's cache holds of these images: copies and features."""
    folder = materials.cache_of(tenant_id)
    for sha256 in sha256s:
        (Path(folder) / "images" / sha256[:2] / sha256).unlink(missing_ok=True)
    features.forget(folder, sha256s)
