"""What an engagement costs: metered amounts times the rates of its card, line by line.

Amounts are rounded to four decimals as they are shown, each line's cost once to whole cents from
that amount, and every total is the sum of the lines shown. Nothing is invented: a line that is not
metered, or that the card has no rate for, has no cost and says so.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engagements import usage
from engagements.usage import Reading, Span

HOURS_A_DAY = 8
GB_MONTH = Decimal(10**9 * 730 * 3600)  # byte-seconds


@dataclass(frozen=True)
class Line:
    """One meter in one iteration."""

    iteration: int
    key: str
    title: str
    unit: str
    amount: Decimal | None
    missing: int
    rate_cents: Decimal | None

    @property
    def cost_cents(self) -> int | None:
        if self.amount is None or self.rate_cents is None:
            return None
        return int((self.amount * self.rate_cents).quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def note(self) -> str:
        """Why there is no cost, or what it lacks; empty when it is whole."""
        if self.amount is None:
            return _("not metered")
        if self.missing:
            words = ngettext("%s run not metered", "%s runs not metered", self.missing)
            return words % self.missing
        return _("no rate") if self.rate_cents is None else ""


def sum_known(costs) -> int | None:
    """Return the sum of those that are known, None if none is."""
    known = [cents for cents in costs if cents is not None]
    return sum(known) if known else None


@dataclass(frozen=True)
class Round:
    """One iteration's lines."""

    span: Span
    lines: list[Line]

    @property
    def cost_cents(self) -> int | None:
        return sum_known(line.cost_cents for line in self.lines)


@dataclass(frozen=True)
class Economics:
    """Cost by iteration and in total, against budget and price."""

    engagement: object
    rounds: list[Round]
    as_of: datetime

    @property
    def card(self):
        return self.engagement.rate_card

    @property
    def currency(self) -> str:
        return self.card.currency if self.card else ""

    @property
    def lines(self) -> list[Line]:
        return [line for one in self.rounds for line in one.lines]

    @property
    def cost_cents(self) -> int | None:
        return sum_known(line.cost_cents for line in self.lines)

    @property
    def without_cost(self) -> int:
        """How many lines of something used are not in the total, or not wholly."""
        used = [line for line in self.lines if line.missing or line.amount != 0]
        return sum(1 for line in used if line.note)

    @property
    def margin_cents(self) -> int | None:
        return _less(self.engagement.price_cents, self.cost_cents)

    @property
    def margin_share(self) -> float | None:
        price = self.engagement.price_cents
        return self.margin_cents / price if price and self.margin_cents is not None else None

    @property
    def budget_left_cents(self) -> int | None:
        return _less(self.engagement.budget_cents, self.cost_cents)

    @property
    def budget_used(self) -> float | None:
        """The share of the budget that is spent; above 1 when overspent."""
        budget, cost = self.engagement.budget_cents, self.cost_cents
        return cost / budget if budget and cost is not None else None


def compute(engagement, now=None) -> Economics:
    """Compute an engagement's economics from rows, as of `now`."""
    now = now or timezone.now()
    rounds = [Round(span, _lines(engagement, span)) for span in usage.spans(engagement, now)]
    return Economics(engagement, rounds, now)


def _lines(engagement, span):
    lines = []
    for meter in usage.METERS:
        reading = usage.measure(meter.key, engagement, span)
        rate = getattr(engagement.rate_card, meter.rate_field, None)
        title, unit = str(meter.title), str(meter.unit)
        lines.append(Line(span.number, meter.key, title, unit, *reading, rate))
    return lines


def _less(given, cost):
    return None if given is None or cost is None else given - cost


def staff_days(engagement, span) -> Reading:
    """Days that staff noted for the iteration."""
    noted = engagement.staff_times.filter(iteration=span.number)
    hours = noted.aggregate(sum=Sum("hours"))["sum"] or Decimal(0)
    return Reading(hours / HOURS_A_DAY)


def documents_kept(engagement, span) -> Reading:
    """GB months of the engagement's documents, until they were removed."""
    sizes = engagement.documents.filter(created_at__lt=span.until)
    rows = sizes.values_list("size_bytes", "created_at", "removed_at")
    return Reading(gb_months(rows, span))


def gb_months(rows, span) -> Decimal:
    """Return the GB months within `span` of (bytes, from, until or None) rows."""
    total = Decimal(0)
    for size_bytes, since, until in rows:
        end = min(until or span.until, span.until)
        seconds = (end - max(since, span.since)).total_seconds()
        total += size_bytes * Decimal(max(seconds, 0))
    return total / GB_MONTH
