"""Files of a course: pictures, films with captions, material; stored first, then on record."""

import secrets
from pathlib import PurePosixPath
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from accounts.models import PlatformAuditEntry
from enablement.models import CourseFile
from lepton.lib import storage
from lepton.lib.refusals import Conflict

Kind = CourseFile.Kind
KINDS = {
    **dict.fromkeys([".png", ".jpg", ".jpeg", ".webp", ".gif"], Kind.PICTURE),
    **dict.fromkeys([".mp4", ".webm"], Kind.VIDEO),
    ".vtt": Kind.CAPTIONS,
    **dict.fromkeys([".pdf", ".zip", ".csv", ".txt", ".ipynb", ".docx", ".pptx"], Kind.MATERIAL),
}


class Stored(NamedTuple):
    """A file that is in storage, and not yet on record."""

    name: str
    kind: str
    size_bytes: int
    sha256: str
    key: str


def store(course, file) -> Stored:
    """Store an uploaded file without holding it in memory; goes outside any transaction."""
    name = _plain(file.name)
    ending = PurePosixPath(name).suffix.lower()
    if ending not in KINDS:
        words = _("A course takes files of these kinds: %s.") % ", ".join(sorted(KINDS))
        raise ValidationError({"file": words})
    head = file.read(6)
    if ending == ".vtt" and head.removeprefix(b"\xef\xbb\xbf")[:3] != b"WEB":
        raise ValidationError({"file": _("Captions begin with the word WEBVTT.")})
    most = settings.LEPTON_MAX_UPLOAD_BYTES
    incoming = storage.Incoming(file, limit_bytes=most, head=head)
    key = f"courses/{course.pk}/{secrets.token_hex(16)}{ending}"
    try:
        storage.put_stream(key, incoming)
    except storage.TooManyBytes:
        words = {"name": name, "most": filesizeformat(most)}
        message = _("“%(name)s” is larger than %(most)s.") % words
        raise ValidationError({"file": message}) from None
    return Stored(name, KINDS[ending], incoming.size_bytes, incoming.sha256, key)


def add_file(course, stored: Stored, *, by) -> CourseFile:
    """Put a stored file on a course's record, under a name no other file of it has."""
    facts = {"kind": stored.kind, "file_name": stored.name, "size_bytes": stored.size_bytes}
    facts |= {"sha256": stored.sha256, "storage_key": stored.key}
    with transaction.atomic():
        try:
            with transaction.atomic():
                row = CourseFile.objects.create(course=course, **facts, created_by=by)
        except IntegrityError:
            words = _("There is a file “%s” already: choose another name.") % stored.name
            raise ValidationError({"file": words}) from None
        detail = {"key": course.key, "file": stored.name, "sha256": stored.sha256}
        PlatformAuditEntry.objects.create(user=by, verb="course.file_added", detail=detail)
    return row


def remove_file(file, *, by) -> None:
    """Take a file away, unless a lesson that people read shows it."""
    lessons = file.course.versions.published().filter(
        lessons__body__contains=f"course:{file.file_name}"
    )
    if lessons.exists():
        raise Conflict(_("A published lesson shows this file."))
    with transaction.atomic():
        detail = {"key": file.course.key, "file": file.file_name}
        PlatformAuditEntry.objects.create(user=by, verb="course.file_removed", detail=detail)
        key = file.storage_key
        file.delete()
        transaction.on_commit(lambda: storage.discard(key), robust=True)


def _plain(name) -> str:
    """A name that can stand in a lesson's Markdown."""
    plain = PurePosixPath((name or "").replace("\\", "/")).name
    kept = "".join(sign if sign.isalnum() or sign in "._-" else "-" for sign in plain)
    return kept[-100:] or "file"
