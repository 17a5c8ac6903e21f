"""Uploads: an archive on its way into storage, before any row knows of it."""

import os
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from lepton.lib import storage
from training.datasets import layout, single, splits

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


class TooLarge(ValidationError):
    """The upload has more bytes than the installation takes; the API answers 413."""

    def __init__(self):
        limit = filesizeformat(settings.LEPTON_MAX_UPLOAD_BYTES)
        words = _("The upload is too large: at most %(limit)s are taken at once.")
        super().__init__(words % {"limit": limit}, code="too_large")


@dataclass(frozen=True)
class Upload:
    """An archive in storage, not yet known to any row."""

    key: str
    name: str
    size_bytes: int
    sha256: str
    splits_key: str = ""


def receive(stream, *, name, tenant, declared_bytes=None, splits_file=None) -> Upload:
    """Store a zip read from `stream` (anything with read(n)) without holding it in memory.

    Call it outside tenant scopes: it waits for the sender. Raises TooLarge and ValidationError.
    """
    if declared_bytes is not None and declared_bytes > settings.LEPTON_MAX_UPLOAD_BYTES:
        raise TooLarge
    name = plain_name(name)
    splits_key = _receive_splits(splits_file, tenant) if splits_file is not None else ""
    try:
        return _receive_zip(stream, name, tenant, splits_key)
    except BaseException:
        storage.discard(splits_key)
        raise


def discard(upload: Upload) -> None:
    """Remove an upload from storage."""
    storage.discard(upload.key)
    storage.discard(upload.splits_key)


def _receive_zip(stream, name, tenant, splits_key):
    head = stream.read(4)
    if head.startswith(single.STARTS) and layout.looks_like_image(name):
        return _receive_image(stream, name, tenant, splits_key, head)
    if not head.startswith(ZIP_STARTS):
        raise ValidationError(
            _("“%(name)s” is not a zip archive. Zip the folder with the images.") % {"name": name}
        )
    return _stored(stream, name, tenant, splits_key, head)


def _receive_image(stream, name, tenant, splits_key, head):
    """One image: a zip is made around it, in which it has no label."""
    limit = settings.LEPTON_MAX_UPLOAD_BYTES
    try:
        with single.zipped(stream, name, head, limit_bytes=limit) as archive:
            return _stored(archive, name, tenant, splits_key)
    except storage.TooManyBytes:
        raise TooLarge from None


def _stored(stream, name, tenant, splits_key, head=b""):
    key = _key(tenant, "zip")
    incoming = storage.Incoming(stream, limit_bytes=settings.LEPTON_MAX_UPLOAD_BYTES, head=head)
    try:
        storage.put_stream(key, incoming)
    except storage.TooManyBytes:
        raise TooLarge from None
    return Upload(key, name, incoming.size_bytes, incoming.sha256, splits_key)


def _receive_splits(file, tenant):
    data = file.read(splits.MAX_BYTES + 1)
    if len(data) > splits.MAX_BYTES:
        raise ValidationError({"splits": _("The splits file is larger than 50 MB.")})
    key = _key(tenant, "csv")
    storage.put(key, data)
    return key


def _key(tenant, ending):
    return storage.tenant_key(tenant.pk, "uploads", f"{uuid.uuid4()}.{ending}")


def plain_name(name) -> str:
    """The last part of a file name, as a person would recognise it."""
    plain = PurePosixPath((name or "").replace("\\", "/").replace(os.sep, "/")).name
    return "".join(sign for sign in plain if sign.isprintable())[:255] or "upload.zip"
