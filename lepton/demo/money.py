"""What the demo's engagements may cost and earn, and the hours people worked on them."""

from decimal import Decimal

from django.utils import timezone

from accounts.scoping import tenant_scope
from engagements import rates, staff_time
from engagements.models import Engagement, RateCard

RATES = {
    "cpu_hour_cents": Decimal(8),
    "thousand_predictions_cents": Decimal(150),
    "gb_month_cents": Decimal(5),
    "staff_day_cents": Decimal(96_000),
}


def set_prices(stage):
    """Mei issues the vendor's rate card if there is none, and sets budget and price."""
    card = RateCard.objects.order_by("-number").first()
    if card is None:
        card = rates.issue_rate_card(valid_from=timezone.localdate(), by=stage.mei, **RATES)
    with tenant_scope(stage.tenant):
        engagement = Engagement.objects.get(pk=stage.id)
        if engagement.price_cents is None:
            given = {"budget_cents": 900_000, "price_cents": 1_400_000, "rate_card": card}
            rates.set_economics(engagement, by=stage.mei, **given)
    return None, f"a budget of 9,000 and a price of 14,000 {card.currency}, {str(card).lower()}"


def note_hours(stage, hours: str, note: str):
    """Mei notes hours she worked, once."""
    with tenant_scope(stage.tenant):
        engagement = Engagement.objects.get(pk=stage.id)
        if not engagement.staff_times.filter(note=note).exists():
            facts = {"hours": Decimal(hours), "on": timezone.localdate(), "note": note}
            staff_time.record_hours(engagement, by=stage.mei, **facts)
    return None, f"{hours} hours: {note}"
