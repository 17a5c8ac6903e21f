"""Waivers: one person asks to let a check pass and says why, another one grants it."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import gates, timeline
from engagements.models import Engagement, Waiver
from lepton.lib.refusals import Conflict


def request_waiver(engagement, check, *, reason, by):
    """Ask to let the unmet `check` (its key) of the present gate pass."""
    if not isinstance(by, User):
        raise ValidationError(_("Only a person can ask for a waiver."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why this check may be passed over.")})
    with transaction.atomic():
        engagement = Engagement.objects.locked(engagement.pk)
        title = _unmet(engagement, check).title
        waiver = _save_new(engagement, check, reason.strip(), by)
        words = {"check": title, "reason": waiver.reason}
        timeline.record(engagement, "waiver.requested", by=by, **words)
        audit.record("waiver.requested", waiver, by=by, key=check, reason=waiver.reason)
    return waiver


def grant_waiver(waiver, *, by):
    """Grant what somebody else asked for, while the engagement is still in that phase."""
    if not isinstance(by, User) or waiver.created_by_id == by.pk:
        raise ValidationError(_("A waiver needs a second person: somebody else has to grant it."))
    with transaction.atomic():
        engagement = Engagement.objects.locked(waiver.engagement_id)
        asked = Waiver.objects.of_this_gate(engagement).filter(pk=waiver.pk, granted_by=None)
        if not asked.update(**waiver.granted_fields(by)):
            raise Conflict(_("This waiver was granted already, or the engagement has moved on."))
        check = next(c for c in gates.checks_of(engagement.phase) if c.key == waiver.check_key)
        words = {"check": check.title, "asker": waiver.created_by_label}
        timeline.record(engagement, "waiver.granted", by=by, **words)
        audit.record("waiver.granted", waiver, by=by, key=check.key, reason=waiver.reason)
    waiver.refresh_from_db()
    return waiver


def _unmet(engagement, key):
    for check in gates.look(engagement).checks:
        if check.key == key and not check.met:
            return check
    raise ValidationError(_("This gate has no such unmet check."))


def _save_new(engagement, check, reason, by):
    try:
        with transaction.atomic():
            return Waiver.objects.create(
                engagement=engagement,
                iteration=engagement.iteration,
                phase=engagement.phase,
                check_key=check,
                reason=reason,
                **author(by),
            )
    except IntegrityError:
        raise Conflict(_("Somebody has asked for this waiver already.")) from None
