"""Iterations: each round of the loop is a row with its dates, and what it came to.

The apps that own the facts register how to look them up in a stretch of time:
def first_live(engagement, since, until): …
iterations.register("live_at", first_live)
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from django.utils import timezone

from engagements import economics, usage
from engagements.models import Iteration, Side
from engagements.phases import Phase

# What each source answers: a moment, {"value", "n"}, seconds; None where there is nothing.
SOURCES = ("feedback_at", "live_at", "accuracy", "compute_seconds")
_sources: dict[str, Callable] = {}


def register(fact: str, look: Callable) -> None:
    """Let `look(engagement, since, until)` answer one of SOURCES."""
    if fact not in SOURCES:
        raise ValueError(f"No such fact: {fact}")
    _sources[fact] = look


def begin(engagement, number):
    """Note that a round begins now."""
    return Iteration.objects.create(engagement=engagement, number=number)


def end(engagement):
    """Note that the present round ends now, and what it came to."""
    refresh_facts(engagement)
    present = engagement.iterations.filter(number=engagement.iteration, ended_at=None)
    present.update(ended_at=timezone.now())


def measure(engagement, now=None) -> list[dict]:
    """Return what each iteration came to, oldest first, computed from rows."""
    now = now or timezone.now()
    costs = {one.span.number: one.cost_cents for one in economics.compute(engagement, now).rounds}
    return [
        {
            "number": span.number,
            "started_at": span.since,
            "ended_at": span.until if span.has_ended else None,
            **_facts(engagement, span),
            "cost_cents": costs[span.number],
        }
        for span in usage.spans(engagement, now)
    ]


def refresh_facts(engagement) -> int | None:
    """Keep in each iteration's row what it came to, for charts over many engagements.

    Returns the cost of all of them in cents; None: nothing was metered, or there is no rate card.
    """
    rounds = measure(engagement)
    for found in rounds:
        facts = {name: found[name] for name in found if not name.endswith("_at")}
        facts.pop("number")
        dates = {name: found[name] for name in ("started_at", "ended_at")}
        Iteration.objects.update_or_create(
            engagement=engagement,
            number=found["number"],
            defaults={"facts": facts},
            create_defaults={"facts": facts, **dates},
        )
    return economics.sum_known(one["cost_cents"] for one in rounds)


def _facts(engagement, span) -> dict:
    before = _look("accuracy", engagement, engagement.created_at, span.since)
    accuracy = _look("accuracy", engagement, span.since, span.until)
    both = accuracy and before
    return {
        "lead_seconds": _lead_seconds(engagement, span),
        "accuracy": accuracy,
        "accuracy_before": before,
        "accuracy_gained": accuracy["value"] - before["value"] if both else None,
        "compute_seconds": _look("compute_seconds", engagement, span.since, span.until),
        "lost_seconds_vendor": _lost_seconds(engagement, span, Side.VENDOR),
        "lost_seconds_customer": _lost_seconds(engagement, span, Side.CUSTOMER),
    }


def _look(fact, engagement, since, until):
    look = _sources.get(fact)
    return look(engagement, since, until) if look else None


def _lead_seconds(engagement, span) -> float | None:
    """From the feedback of the iteration before until the first deployment that went live."""
    gates = engagement.phase_records.filter(iteration=span.number - 1).order_by("created_at")
    entered = gates.filter(to=Phase.FEEDBACK).first()
    live_at = _look("live_at", engagement, span.since, span.until)
    if entered is None or live_at is None:
        return None
    left = gates.filter(phase=Phase.FEEDBACK).last()
    until = left.created_at if left else span.since
    given = _look("feedback_at", engagement, entered.created_at, until)
    return (live_at - (given or entered.created_at)).total_seconds()


def _lost_seconds(engagement, span, side) -> float:
    """How long at least one action item of a side was overdue, within the iteration."""
    items = engagement.actionitems.filter(side=side, due_on__lt=timezone.localdate(span.until))
    overdue = [
        (max(_end_of(item.due_on), span.since), min(_closed_at(item) or span.until, span.until))
        for item in items
    ]
    return united_seconds(overdue)


def united_seconds(stretches: list[tuple[datetime, datetime]]) -> float:
    """Return the length of the union of stretches of time; where they overlap counts once."""
    total, reached = timedelta(0), None
    for since, until in sorted(stretches):
        since = since if reached is None else max(since, reached)
        if until > since:
            total, reached = total + (until - since), until
    return total.total_seconds()


def _end_of(day):
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _closed_at(item):
    return item.done_at or item.dropped_at
