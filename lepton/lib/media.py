"""Addresses of stored files that whoever has them may open, but only for five minutes."""

import time

from django.core import signing
from django.core.files.storage import FileSystemStorage, default_storage
from django.urls import reverse

VALID_SECONDS = 300
STEP_SECONDS = 60  # within a step an address stays the same, so that browsers can cache it
SALT = "lepton.media"


def signed_url(storage_key: str) -> str:
    """Return an address that opens the file under `storage_key` for the next four to five minutes.

    Files on this machine are served by ourselves (lepton/media.py), others by their storage.
    """
    if not isinstance(default_storage, FileSystemStorage):
        return default_storage.url(storage_key, expire=VALID_SECONDS)
    since = int(time.time()) // STEP_SECONDS * STEP_SECONDS
    return reverse("media", args=[signing.Signer(salt=SALT).sign_object([storage_key, since])])


class Expired(Exception):
    """The address was good, but is too old."""


def key_of(signature: str) -> str | None:
    """Return the storage key an address stands for, None if it is forged. Raises Expired."""
    try:
        key, since = signing.Signer(salt=SALT).unsign_object(signature)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if time.time() - since > VALID_SECONDS:
        raise Expired
    return key
