"""Waivers: one person asks to let a check pass and says why, another one grants it."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import gates, production, timeline
from engagements.models import Engagement, Waiver
from lepton.lib.refusals import Conflict
from lepton.lib.words import in_english


def request_waiver(engagement, check, *, reason, by, candidate_id=None):
    """Ask to let the unmet `check` (its key) of the present gate pass.

    `candidate_id` is the model version that is to go into production without a pass.
    """
    if not isinstance(by, User):
        raise ValidationError(_("Only a person can ask for a waiver."))
    if not reason.strip():
        raise ValidationError({"reason": _("Say why this check may be passed over.")})
    with transaction.atomic():
        engagement = Engagement.objects.locked(engagement.pk)
        found = _unmet(engagement, check, candidate_id)
        waiver = _save_new(engagement, found, reason.strip(), by)
        why = [waiver.candidate_label, waiver.reason] if candidate_id else [waiver.reason]
        words = {"check": _title(waiver), "reason": ": ".join(why)}
        timeline.record(engagement, "waiver.requested", by=by, **words)
        audit.record("waiver.requested", waiver, by=by, **_facts(waiver))
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
        words = {"check": _title(waiver), "asker": waiver.created_by_label}
        timeline.record(engagement, "waiver.granted", by=by, **words)
        audit.record("waiver.granted", waiver, by=by, **_facts(waiver))
    waiver.refresh_from_db()
    return waiver


def _title(waiver) -> str:
    """The title of its check as the timeline keeps it, to be translated for each reader."""
    with in_english():
        return production.title_of(waiver.check_key)


def _facts(waiver):
    about = {"model": waiver.candidate_label} if waiver.candidate_id else {}
    return about | {"key": waiver.check_key, "reason": waiver.reason}


def _unmet(engagement, key, candidate_id):
    if key == production.CANDIDATE and candidate_id is None:
        raise ValidationError({"model_version": _("Name the model version.")})
    for check in [*gates.look(engagement).checks, *production.waivable(engagement)]:
        if (check.key, check.candidate_id) == (key, candidate_id) and not check.met:
            return check
    raise ValidationError(_("This gate has no such unmet check."))


def _save_new(engagement, check, reason, by):
    try:
        with transaction.atomic():
            return Waiver.objects.create(
                engagement=engagement,
                iteration=engagement.iteration,
                phase=engagement.phase,
                check_key=check.key,
                candidate_id=check.candidate_id,
                candidate_label=check.candidate_label,
                reason=reason,
                **author(by),
            )
    except IntegrityError:
        raise Conflict(_("Somebody has asked for this waiver already.")) from None
