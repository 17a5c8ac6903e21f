"""Staff time: hours that the vendor's people note on an engagement, private to the vendor."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from accounts.system import call
from engagements import timeline
from engagements.models import Engagement, StaffTime


def record_hours(engagement, *, hours, on, by, note=""):
    """Note hours that `by`, of the vendor's staff, worked in the present iteration."""
    if not isinstance(by, User) or not by.is_vendor_staff:
        raise ValidationError(_("Only the vendor's staff notes its time."))
    if not 0 < hours <= 24:
        raise ValidationError({"hours": _("Between 0 and 24 hours.")})
    with transaction.atomic():
        locked = Engagement.objects.locked(engagement.pk)
        _refuse_more_than_a_day(by, on, hours)
        row = StaffTime(
            engagement=locked,
            iteration=locked.iteration,
            person=by,
            on=on,
            hours=hours,
            note=note.strip(),
            **author(by),
        )
        row.full_clean(exclude=["tenant", "engagement", "person", "created_by"])
        row.save(force_insert=True)
        words = {"hours": f"{Decimal(hours).normalize():f}"}
        timeline.record(locked, "staff_time.recorded", by=by, is_private=True, **words)
        audit.record("staff_time.recorded", row, by=by)
    return row


def remove_hours(row, *, by):
    """Remove hours that were noted by mistake: one's own, or anybody's for account managers."""
    if row.person_id != by.pk and not by.is_account_manager:
        raise ValidationError(_("Only the one who noted this time or an account manager may."))
    with transaction.atomic():
        words = {"hours": f"{row.hours.normalize():f}", "person": row.person.name}
        timeline.record(row.engagement, "staff_time.removed", by=by, is_private=True, **words)
        audit.record("staff_time.removed", row, by=by)
        row.delete()


def _refuse_more_than_a_day(person, on, hours):
    """In all tenants together; who notes hours of the same day at once waits for this to end."""
    [(noted,)] = call("lepton_staff_hours", person.pk, on)
    if noted + Decimal(hours) > 24:
        raise ValidationError({"hours": _("That day would have more than 24 hours.")})
