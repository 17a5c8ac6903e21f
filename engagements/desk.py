"""What the desk shows: what comes next for a person, lists, the portfolio, one engagement."""

from decimal import Decimal

from django.db.models import Avg, Count, F, Q, Value, Window
from django.db.models.functions import Coalesce

from engagements import asks, health
from engagements.models import Engagement, Iteration, Rating, Side, Standing
from engagements.phases import ORDER
from lepton.lib import charts
from lepton.lib.paging import rows_and_pager

NEXT = 10
LEAST_RATINGS = 5
POOR = 60  # health below it
STATES = {
    "blocked": Q(standing__unmet__gt=0),
    "overdue": Q(standing__overdue_customer__gt=0),
    "poor": Q(standing__health__lt=POOR),
}


UNKNOWN = Value(Decimal(101))  # a health that is not measured comes after all that are
SORTS = {
    "newest": "-phase_since",
    "longest": "phase_since",
    "health": "by_health",
    "name": "name",
}


def next_for(user, side=None, engagement=None) -> dict:
    """What is asked of a person: the first ten, and how many there are in all."""
    found = asks.asks_for(user, side)
    found = found.filter(engagement=engagement) if engagement else found
    found = found.annotate(of=Window(Count("pk")))[:NEXT]
    return {"asks": [told(one) for one in found], "asks_n": max((a.of for a in found), default=0)}


def told(ask) -> dict:
    """An ask as pages and the API take it."""
    engagement = ask.engagement
    names = {"engagement": engagement.name, "tenant": engagement.tenant.name}
    words = {"text": asks.sentence(ask), "url": ask.url, "due_on": ask.due_on}
    return names | words | {"kind": ask.kind, "side": ask.side}


def about(engagement, user, side) -> dict:
    """What the overview says first: the loop, what comes next, and to the vendor the health."""
    found = {"loop": loop(engagement)} | next_for(user, side, engagement)
    return found | healthy(engagement) if side == Side.VENDOR else found


def healthy(engagement) -> dict:
    """The health as it is now, with its inputs."""
    inputs = health.look(engagement)
    return {"health": health.score(inputs), "health_inputs": inputs}


def loop(engagement) -> dict:
    """The phases as a ring: a mark each, and how far round the present one is."""
    position = engagement.phases.index(engagement.phase)
    marks = charts.ring(len(engagement.phases))
    labels = [phase.label for phase in ORDER if phase in engagement.phases]
    states = ["done" if i < position else "coming" for i in range(len(marks))]
    states[position] = "current"
    rows = zip(marks, labels, states, strict=True)
    return {"marks": [mark | {"label": label, "state": state} for mark, label, state in rows]}


def listed(*, state="", **narrowed):
    """The engagements of the list with how they stand, narrowed; order them by one of SORTS."""
    found = Engagement.objects.for_lists().select_related("standing").matching(**narrowed)
    found = found.annotate(by_health=Coalesce("standing__health", UNKNOWN))
    return found.filter(STATES[state]) if state in STATES else found


def rows(request, narrowed):
    """One page of the list in the order asked for."""
    sort = SORTS.get(narrowed.pop("sort"), SORTS["newest"])
    return rows_and_pager(request, listed(**narrowed), ordering=sort)


def portfolio() -> dict:
    """Figures over all engagements, each computed from standings and iterations."""
    stands = Standing.objects.select_related("engagement__tenant")
    totals = stands.aggregate(
        n=Count("pk"),
        health=Avg("health"),
        blocked=Count("pk", filter=Q(unmet__gt=0)),
        overdue=Count("pk", filter=Q(overdue_customer__gt=0)),
    )
    totals |= _ratings()
    measured = stands.exclude(metric=None).order_by("-refreshed_at")[:50]
    budgeted = stands.exclude(engagement__budget_cents=None).exclude(cost_cents=None)
    used = budgeted.annotate(left=F("engagement__budget_cents") - F("cost_cents")).order_by("left")
    return {
        "totals": totals,
        "by_phase": _by_phase(),
        "measured": measured,
        "budgeted": [_spent(one) for one in used[:50]],
        "led": _lead_times(),
    }


def _ratings():
    """The mean of all ratings of milestones, and how many they are; of too few there is no mean."""
    found = Rating.objects.aggregate(satisfaction=Avg("score"), ratings=Count("pk"))
    return found if found["ratings"] >= LEAST_RATINGS else found | {"satisfaction": None}


def _by_phase():
    counts = dict(Engagement.objects.order_by().values_list("phase").annotate(n=Count("pk")))
    most = max(counts.values(), default=0)
    return [
        {
            "phase": phase.value,
            "label": phase.label,
            "n": counts.get(phase, 0),
            "share": counts.get(phase, 0) / most,
        }
        for phase in ORDER
        if most
    ]


def _spent(standing):
    budget = standing.engagement.budget_cents
    share = standing.cost_cents / budget if budget else None
    return {"standing": standing, "budget_cents": budget, "share": share}


def _lead_times():
    """Rounds with a lead time from feedback to live, the newest first, beside the longest."""
    rounds = Iteration.objects.select_related("engagement__tenant")
    known = rounds.filter(facts__lead_seconds__isnull=False).exclude(facts__lead_seconds=None)
    newest = list(known.order_by("-started_at")[:50])
    longest = max((one.facts["lead_seconds"] for one in newest), default=0)
    return [{"round": one, "share": one.facts["lead_seconds"] / (longest or 1)} for one in newest]
