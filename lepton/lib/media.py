"""Addresses of stored files that whoever has them may open, but only for a while."""

import time

from django.core import signing
from django.core.files.storage import FileSystemStorage, default_storage
from django.urls import reverse
from django.utils.http import content_disposition_header

VALID_SECONDS = 300
STEPS = 5  # within a step an address stays the same, so that browsers can cache it
SALT = "lepton.media"


def signed_url(storage_key: str, *, save_as: str = "", seconds: int = VALID_SECONDS) -> str:
    """Return an address that opens the file under `storage_key` for the next `seconds`, or a fifth
    less; only films and the like take more than the usual five minutes.

    With `save_as` a browser does not show it but saves it under that name.
    Files on this machine are served by ourselves (lepton/media.py), others by their storage.
    """
    if not isinstance(default_storage, FileSystemStorage):
        said = {"ResponseContentDisposition": content_disposition_header(True, save_as)}
        parameters = said if save_as else None
        return default_storage.url(storage_key, parameters=parameters, expire=seconds)
    step = seconds // STEPS
    since = int(time.time()) // step * step
    facts = [storage_key, since + seconds, save_as]
    return reverse("media", args=[signing.Signer(salt=SALT).sign_object(facts)])


class Expired(Exception):
    """The address was good, but is too old."""


def file_of(signature: str) -> tuple[str, str, int] | None:
    """Return the storage key an address stands for, the name to save it under if any, and until
    when it is good (seconds since 1970).

    None if it is forged. Raises Expired.
    """
    try:
        key, until, save_as = signing.Signer(salt=SALT).unsign_object(signature)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if time.time() > until:
        raise Expired
    return key, save_as, until
