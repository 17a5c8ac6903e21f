"""How soon the vendor answers a ticket, by severity: promised per engagement, from its template."""

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit

MOST_HOURS = 8760


class Severity(models.TextChoices):
    """How bad it is for the customer."""

    CRITICAL = "critical", gettext_lazy("Nothing works")
    HIGH = "high", gettext_lazy("An important part does not work")
    NORMAL = "normal", gettext_lazy("Something is not as it should be")
    LOW = "low", gettext_lazy("A question")


DEFAULT_HOURS = {Severity.CRITICAL: 4, Severity.HIGH: 8, Severity.NORMAL: 24, Severity.LOW: 72}


def hours_of(engagement) -> dict[str, int]:
    """Return {severity: hours} as promised in an engagement."""
    return {s.value: engagement.response_hours.get(s, DEFAULT_HOURS[s]) for s in Severity}


def checked(hours: dict) -> dict[str, int]:
    """Return what is promised other than by default, or raise ValidationError."""
    found = {severity: n for severity, n in hours.items() if n is not None}
    if unknown := sorted(set(found) - set(Severity.values)):
        raise ValidationError(_("Unknown severity: %s.") % ", ".join(unknown))
    for severity, n in found.items():
        if not 1 <= n <= MOST_HOURS:
            raise ValidationError({severity: _("Between 1 and %s hours.") % MOST_HOURS})
    return {s: n for s, n in found.items() if n != DEFAULT_HOURS[Severity(s)]}


def promise(engagement, hours: dict, *, by):
    """Promise other response times from now on; tickets that wait keep theirs."""
    if not getattr(by, "is_account_manager", False):
        raise ValidationError(_("Only account managers promise response times."))
    with transaction.atomic():
        given = {severity: n for severity, n in hours.items() if n is not None}
        engagement.response_hours = checked(hours_of(engagement) | given)
        engagement.save(update_fields=["response_hours"])
        audit.record("response_hours.set", engagement, by=by, hours=hours_of(engagement))
    return engagement
