"""Usage meters: what an engagement used, measured from rows by the apps that own them.

def cpu_hours(engagement, span: Span) -> Reading: …
usage.register("cpu_hours", cpu_hours)
"""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from engagements.models import Engagement

SHOWN = Decimal("0.0001")  # amounts are rounded to this, and costs computed from what is shown


class Span(NamedTuple):
    """One iteration's time: from `since` on and before `until`."""

    number: int
    since: datetime
    until: datetime
    has_ended: bool = False


class Reading(NamedTuple):
    """What a source measured: None where nothing was metered; `missing` things were not."""

    amount: Decimal | None
    missing: int = 0


class Meter(NamedTuple):
    """One kind of usage that a rate card has a price for, and what is measured, in words."""

    key: str
    title: str
    unit: str
    rate_field: str
    words: str


METERS = [
    Meter(
        "gpu_hours",
        _("GPU time"),
        _("GPU hours"),
        "gpu_hour_cents",
        _("Wall-clock time in which a run's worker held a GPU for it, once per GPU."),
    ),
    Meter(
        "cpu_hours",
        _("CPU time"),
        _("CPU hours"),
        "cpu_hour_cents",
        _("Processor time of the workers that carried out runs, over all cores, failed ones too."),
    ),
    Meter(
        "predictions",
        _("Predictions"),
        _("1,000 predictions"),
        "thousand_predictions_cents",
        _("Answers that the engagement's endpoints gave, from their log."),
    ),
    Meter(
        "storage",
        _("Storage"),
        _("GB months"),
        "gb_month_cents",
        _(
            "Bytes times the time they were kept: images, model versions, documents. A month has"
            " 730 hours. An image kept once for several engagements counts for the oldest. Inputs"
            " kept by endpoints are not metered."
        ),
    ),
    Meter(
        "staff_days",
        _("Staff"),
        _("staff days"),
        "staff_day_cents",
        _("Hours noted by staff, eight to a day."),
    ),
]
Source = Callable[[Engagement, Span], Reading]
_sources: dict[str, list[Source]] = {meter.key: [] for meter in METERS}


def register(key: str, source: Source) -> None:
    """Let `source` measure (a part of) the meter `key`; an unknown key is an error."""
    if source not in _sources[key]:
        _sources[key].append(source)


def measure(key: str, engagement, span: Span) -> Reading:
    """Return what was used in `span`, all sources together."""
    readings = [source(engagement, span) for source in _sources[key]]
    amounts = [one.amount for one in readings if one.amount is not None]
    missing = sum(one.missing for one in readings)
    if not amounts:
        return Reading(None, missing)
    return Reading(sum(amounts, Decimal(0)).quantize(SHOWN, ROUND_HALF_UP), missing)


def spans(engagement, now: datetime) -> list[Span]:
    """Return the time of each iteration so far, oldest first, without gaps."""
    starts = dict(engagement.iterations.values_list("number", "started_at"))
    left = dict(_rounds_ended(engagement))
    starts = {n: starts.get(n) or left.get(n - 1) for n in range(2, engagement.iteration + 1)}
    known = [(1, engagement.created_at), *((n, at) for n, at in starts.items() if at)]
    ends = [at for _n, at in known[1:]]
    found = [Span(n, at, end, True) for (n, at), end in zip(known, ends, strict=False)]
    return [*found, Span(*known[-1], now)]


def _rounds_ended(engagement):
    """(iteration, when its newest gate was passed), the latest of each."""
    rows = engagement.phase_records.order_by("created_at")
    return rows.values_list("iteration", "created_at")
