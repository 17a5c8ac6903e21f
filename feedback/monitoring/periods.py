"""The periods a monitoring page can show, each with the one before it to compare with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DateTimeField, F, Func, TextChoices, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Length(TextChoices):
    """How far back one looks."""

    DAY = "24h", _("24 hours")
    WEEK = "7d", _("7 days")
    MONTH = "30d", _("30 days")
    QUARTER = "90d", _("90 days")


SPANS = {
    Length.DAY: (DAY, HOUR),
    Length.WEEK: (7 * DAY, 6 * HOUR),
    Length.MONTH: (30 * DAY, DAY),
    Length.QUARTER: (90 * DAY, 3 * DAY),
}


@dataclass(frozen=True)
class Period:
    """From `since` on and before `until`, in whole hours, cut into buckets of `step`."""

    since: datetime
    until: datetime
    step: timedelta

    @property
    def before(self) -> datetime:
        """Where the period before this one began."""
        return self.since - (self.until - self.since)

    @property
    def starts(self) -> list[datetime]:
        """Where each bucket begins."""
        n = round((self.until - self.since) / self.step)
        return [self.since + self.step * i for i in range(n)]

    def place(self, at: datetime) -> int:
        """The number of the bucket of a moment; negative for the period before."""
        return (at - self.since) // self.step


def start_of(field: str, since: datetime, step: timedelta) -> Func:
    """An expression: where the bucket begins in which the moment in `field` lies."""
    ends = Value(step), F(field), Value(since, DateTimeField())
    return Func(*ends, function="date_bin", output_field=DateTimeField())


def until_now(length: str) -> Period:
    """The period of this length that ends with the present hour."""
    span, step = SPANS[Length(length)]
    until = timezone.now().replace(minute=0, second=0, microsecond=0) + HOUR
    return Period(until - span, until, step)
