"""Rate cards of the vendor, and what an engagement may cost and earns: for vendor staff only."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import PlatformAuditEntry
from engagements import timeline
from engagements.models import Engagement, RateCard
from lepton.lib.refusals import Conflict

RATES = [name.name for name in RateCard._meta.fields if name.name.endswith("_cents")]


def issue_rate_card(*, valid_from, currency="EUR", by, **rates):
    """Issue the next rate card; the ones before it stay for the engagements that have them."""
    _refuse_others(by)
    if all(rates.get(name) is None for name in RATES):
        raise ValidationError(_("Give at least one rate."))
    last = RateCard.objects.aggregate(last=Max("number"))["last"] or 0
    card = RateCard(
        number=last + 1, valid_from=valid_from, currency=currency.upper(), created_by=by, **rates
    )
    card.full_clean(exclude=["number", "created_by"])
    try:
        with transaction.atomic():
            card.save(force_insert=True)
            detail = {"number": card.number}
            PlatformAuditEntry.objects.create(user=by, verb="rate_card.issued", detail=detail)
    except IntegrityError:
        raise Conflict(_("Somebody else has just issued a rate card: look again.")) from None
    return card


def set_economics(engagement, *, by, **values):
    """Set any of rate_card, budget_cents and price_cents; those not named stay as they are."""
    _refuse_others(by)
    for name in ("budget_cents", "price_cents"):
        if values.get(name) is not None and values[name] < 0:
            raise ValidationError({name: _("This cannot be less than nothing.")})
    with transaction.atomic():
        locked = Engagement.objects.locked(engagement.pk)
        for name in values.keys() & {"rate_card", "budget_cents", "price_cents"}:
            setattr(locked, name, values[name])
        locked.save(update_fields=["rate_card", "budget_cents", "price_cents"])
        timeline.record(locked, "economics.set", by=by, is_private=True)
        audit.record("economics.set", locked, by=by)  # without figures: the customer may read it
    engagement.refresh_from_db()
    return engagement


def _refuse_others(by):
    if not by.is_account_manager:
        raise ValidationError(_("Only an account manager sets rates, budgets and prices."))
