"""Forms of money: rate cards, an engagement's budget and price, hours of staff."""

from decimal import ROUND_HALF_UP, Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from engagements.models import RateCard

CENTS = Decimal(100)


class Money(forms.DecimalField):
    """An amount typed in whole units of the currency; `cents` wants it in cents."""

    def __init__(self, **options):
        defaults = {"required": False, "min_value": 0, "max_digits": 14, "decimal_places": 2}
        super().__init__(**defaults | options)


class Day(forms.DateField):
    """A day, picked with the browser's own calendar."""

    def __init__(self, **options):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(widget=widget, input_formats=["%Y-%m-%d"], **options)


class RateCardForm(forms.Form):
    """The next rate card; an empty rate is not charged for."""

    valid_from = Day(label=_("Valid from"), initial=timezone.localdate)
    currency = forms.RegexField(r"^[A-Za-z]{3}$", label=_("Currency"), initial="EUR", max_length=3)
    gpu_hour = Money(label=_("GPU hour"), decimal_places=6)
    cpu_hour = Money(label=_("CPU hour"), decimal_places=6)
    thousand_predictions = Money(label=_("1,000 predictions"), decimal_places=6)
    gb_month = Money(label=_("GB and month"), decimal_places=6)
    staff_day = Money(label=_("Staff day"), decimal_places=6)

    @property
    def terms(self) -> dict:
        """The answers as `issue_rate_card` takes them."""
        data = self.cleaned_data
        named = ("valid_from", "currency")
        rates = {f"{n}_cents": _cents(v) for n, v in data.items() if n not in named}
        return {name: data[name] for name in named} | rates


class EconomicsForm(forms.Form):
    """What an engagement may cost, what it earns, and by which rates it is reckoned."""

    budget = Money(label=_("Budget"))
    price = Money(label=_("Price"))
    rate_card = forms.ModelChoiceField(None, label=_("Rate card"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rate_card"].queryset = RateCard.objects.newest_first()

    @classmethod
    def of(cls, engagement):
        """The form with what stands now."""
        initial = {
            "budget": _units(engagement.budget_cents),
            "price": _units(engagement.price_cents),
            "rate_card": engagement.rate_card_id,
        }
        return cls(initial=initial)

    @property
    def values(self) -> dict:
        """The answers as `set_economics` takes them."""
        data = self.cleaned_data
        money = {f"{name}_cents": data[name] for name in ("budget", "price")}
        whole = {name: None if v is None else int(v * CENTS) for name, v in money.items()}
        return whole | {"rate_card": data["rate_card"]}


class StaffTimeForm(forms.Form):
    """Hours worked on a day."""

    hours = forms.DecimalField(
        label=_("Hours"), min_value=Decimal("0.25"), max_value=24, max_digits=4, decimal_places=2
    )
    on = Day(label=_("Day"), initial=timezone.localdate)
    note = forms.CharField(label=_("Note"), required=False, max_length=300)


def _cents(units):
    cents = None if units is None else units * CENTS
    return None if cents is None else cents.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _units(cents):
    return None if cents is None else Decimal(cents) / CENTS
