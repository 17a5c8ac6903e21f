"""Documents of an engagement: files in the tenant's storage, each known by its hash."""

import hashlib
import mimetypes
import secrets
from pathlib import PurePosixPath
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import pages, timeline
from engagements.models import Document, Side
from lepton.lib import storage
from lepton.lib.refusals import Conflict

MOST_BYTES = 25 * 1024**2


class Stored(NamedTuple):
    """A file that is in the tenant's storage, and not yet on record."""

    name: str
    size_bytes: int
    sha256: str
    key: str


def store(file, *, tenant_id, place="") -> Stored:
    """Store `file` (a name and read()) in a place of its own; goes outside any transaction.

    Who may do it twice for one document, after a crash say, names its `place`.
    """
    name, data = _plain(file.name), file.read(MOST_BYTES + 1)
    if not data:
        raise ValidationError({"file": _("“%s” is empty.") % name})
    if len(data) > MOST_BYTES:
        words = _("“%(name)s” is larger than %(most)s.")
        words %= {"name": name, "most": filesizeformat(MOST_BYTES)}
        raise ValidationError({"file": words})
    sha256 = hashlib.sha256(data).hexdigest()
    key = storage.tenant_key(tenant_id, "documents", _stored_as(sha256, place, name))
    storage.put(key, data)
    return Stored(name, len(data), sha256, key)


def add_document(engagement, title, *, file: Stored, by, is_private=False):
    """Put a stored file on the engagement's record, in its present phase and iteration."""
    side = Side.of_actor(by)
    if is_private and side == Side.CUSTOMER:
        raise ValidationError({"is_private": _("Only the vendor keeps private documents.")})
    document = Document(
        engagement=engagement,
        title=title.strip() or file.name,
        side=side,
        iteration=engagement.iteration,
        phase=engagement.phase,
        is_private=is_private,
        file_name=file.name,
        content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        storage_key=file.key,
        **author(by),
    )
    document.full_clean(exclude=["tenant", "engagement", "created_by", "removed_at"])
    with transaction.atomic():
        document.save(force_insert=True)
        _tell("document.added", document, by, sha256=file.sha256)
    return document


def remove_document(document, *, by):
    """Take a document away; that it was there, and its hash, stay on record."""
    if Side.of_actor(by) == Side.CUSTOMER and document.side == Side.VENDOR:
        raise ValidationError(_("The vendor added this document: ask them to remove it."))
    gone = {"removed_at": timezone.now(), "removed_by_label": by.actor_label}
    with transaction.atomic():
        if not Document.objects.filter(pk=document.pk, removed_at=None).update(**gone):
            raise Conflict(_("This document was removed already."))
        same = Document.objects.filter(storage_key=document.storage_key, removed_at=None)
        if not same.exists():
            transaction.on_commit(lambda: storage.discard(document.storage_key), robust=True)
        _tell("document.removed", document, by, sha256=document.sha256)


def _plain(name) -> str:
    plain = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(sign for sign in plain if sign.isprintable())[-200:] or "document"


def _stored_as(sha256, place, name) -> str:
    """A name no other document has, so that removing one never takes another's file."""
    ending = PurePosixPath(name).suffix.lower()
    plain = ending if ending[1:].isalnum() and len(ending) <= 8 else ""
    return f"{sha256}-{place or secrets.token_hex(8)}{plain}"


def _tell(kind, document, by, **facts):
    url, words = pages.url("engagements:plan", document.engagement), {"title": document.title}
    private = {"is_private": document.is_private}
    timeline.record(document.engagement, kind, by=by, url=url, **private, **words)
    audit.record(kind, document, by=by, **facts)
