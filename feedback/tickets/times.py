"""How soon tickets are answered and settled."""

from datetime import timedelta
from statistics import median

from django.utils import timezone

RECENT = timedelta(days=90)


def of(engagement) -> dict:
    """Counts and median hours over the tickets of the last 90 days; None where there is none.

    A first answer counts once it was given or its time is over; `overdue` are those that wait for
    the vendor longer than promised now, whenever they were opened.
    """
    now = timezone.now()
    rows = list(engagement.tickets.filter(created_at__gte=now - RECENT))
    due = [one for one in rows if one.first_response_at or one.first_due_at < now]
    answered = [one for one in rows if one.first_response_at]
    in_time = [one for one in answered if one.first_response_at <= one.first_due_at]
    return {
        "tickets": len(rows),
        "due": len(due),
        "in_time": len(in_time),
        "overdue": engagement.tickets.filter(answer_due_at__lt=now).count(),
        "first_response_hours": _hours(answered, "first_response_at"),
        "resolution_hours": _hours([one for one in rows if one.resolved_at], "resolved_at"),
    }


def _hours(rows, end) -> float | None:
    took = [(getattr(one, end) - one.created_at).total_seconds() / 3600 for one in rows]
    return round(median(took), 2) if took else None
