"""Writes on sessions: booked, changed or called off, and what remains of them."""

import secrets
from pathlib import PurePosixPath
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, mails
from accounts.models import User, author
from enablement import calendars
from enablement.models import Attendance, Session
from engagements import pages, timeline
from lepton.lib import storage
from lepton.lib.refusals import Conflict

YEARS = range(2000, 2200)  # far enough from both ends of the calendar for any zone
RECORDINGS = {".mp4", ".webm", ".m4a", ".mp3"}


def book(engagement, title, *, starts_at, by, people=(), **fields):
    """Book a session; the people invited get a mail with its calendar file."""
    session = Session(
        engagement=engagement, title=title, starts_at=starts_at, **fields, **author(by)
    )
    _check(session)
    if starts_at <= timezone.now():
        raise ValidationError({"starts_at": _("This time has passed.")})
    with transaction.atomic():
        session.save(force_insert=True)
        Attendance.objects.bulk_create(Attendance(session=session, user=one) for one in people)
        _tell("session.booked", session, by, people)
    return session


def change(session, *, by, **fields):
    """Move a session or change what is said of it; who is invited is told."""
    for name, value in fields.items():
        setattr(session, name, value)
    _check(session)
    with transaction.atomic():
        standing = Session.objects.filter(pk=session.pk, cancelled_at=None)
        if not standing.update(**fields, sequence=F("sequence") + 1):
            raise Conflict(_("This session was called off."))
        session.refresh_from_db()
        _tell("session.changed", session, by, _invited(session))
    return session


def call_off(session, *, by):
    """Call a session off and tell who is invited."""
    now = {"cancelled_at": timezone.now(), "sequence": F("sequence") + 1}
    with transaction.atomic():
        if not Session.objects.filter(pk=session.pk, cancelled_at=None).update(**now):
            raise Conflict(_("This session was called off already."))
        session.refresh_from_db()
        _tell("session.called_off", session, by, _invited(session))
    return session


def note_attendance(session, *, present, by, notes=""):
    """Note who of the invited was there, and what was said."""
    if not session.has_begun:
        raise ValidationError(_("This session has not begun yet."))
    there = {one.pk for one in present}
    with transaction.atomic():
        for one in session.attendances.all():
            Attendance.objects.filter(pk=one.pk).update(was_there=one.user_id in there)
        Session.objects.filter(pk=session.pk).update(notes=notes)
        audit.record("session.attended", session, by=by, present=len(there))


def rate(session, *, score, by, comment=""):
    """Say how good a session was, from 1 to 5: those who were there, each once."""
    if not isinstance(score, int) or not 1 <= score <= 5:
        raise ValidationError({"score": _("From 1 to 5.")})
    mine = session.attendances.filter(user=by if isinstance(by, User) else None)
    if not mine.filter(was_there=True).exists():
        raise ValidationError(_("Only those who were there rate a session."))
    with transaction.atomic():
        if not mine.filter(score=None).update(score=score, comment=comment.strip()[:2000]):
            raise Conflict(_("You have rated this session already."))
        audit.record("session.rated", session, by=by, score=score)


def store_recording(file, *, tenant_id) -> tuple[str, str]:
    """Store a recording; returns its name and storage key. Goes outside any transaction."""
    name = PurePosixPath((file.name or "").replace("\\", "/")).name[-200:]
    ending, most = PurePosixPath(name).suffix.lower(), settings.LEPTON_MAX_UPLOAD_BYTES
    if ending not in RECORDINGS:
        words = _("A recording is one of %s.") % ", ".join(sorted(RECORDINGS))
        raise ValidationError({"recording": words})
    key = storage.tenant_key(tenant_id, "recordings", f"{secrets.token_hex(16)}{ending}")
    try:
        storage.put_stream(key, storage.Incoming(file, limit_bytes=most))
    except storage.TooManyBytes:
        words = _("“%(name)s” is larger than %(most)s.")
        words %= {"name": name, "most": filesizeformat(most)}
        raise ValidationError({"recording": words}) from None
    return name, key


def attach_recording(session, *, name, key, by):
    """Put a stored recording beside a session, in place of an earlier one."""
    with transaction.atomic():
        before = Session.objects.select_for_update(no_key=True).get(pk=session.pk).recording_key
        Session.objects.filter(pk=session.pk).update(recording_name=name, recording_key=key)
        transaction.on_commit(lambda: storage.discard(before), robust=True)
        audit.record("session.recorded", session, by=by, name=name)


def _check(session):
    if session.time_zone not in available_timezones():
        raise ValidationError({"time_zone": _("No such time zone.")})
    if session.starts_at.year not in YEARS:
        raise ValidationError({"starts_at": _("No session is held in that year.")})
    session.full_clean(exclude=["tenant", "engagement", "created_by", "cancelled_at"])


def _invited(session):
    return [one.user for one in session.attendances.select_related("user")]


def _tell(kind, session, by, people):
    """Timeline, audit and mails with the calendar file."""
    engagement = session.engagement
    subject = _("%(engagement)s: %(title)s") % {
        "engagement": engagement.name,
        "title": session.title,
    }
    page = f"{settings.LEPTON_PUBLIC_URL}{pages.url('enablement:sessions', engagement)}"
    words = {"session": session, "engagement": engagement, "link": page}
    ics = ("session.ics", calendars.as_ics(session), "text/calendar")
    for one in people:
        mails.send(one, subject, "enablement/mail_session.txt", words, attachments=[ics])
    url = pages.url("enablement:sessions", engagement)
    timeline.record(engagement, kind, by=by, url=url, title=session.title)
    audit.record(kind, session, by=by, mailed=[str(one) for one in people])
