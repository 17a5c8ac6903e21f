"""Engagements as cards: the requirement's target against the newest measured figure."""

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from engagements import asks, figures
from engagements.models import Ask, Requirement
from engagements.phases import ORDER

MOST_CARDS = 8  # a column of the board; the list has them all


def cards(engagements) -> list[dict]:
    """Return a card per engagement, in a number of queries that does not grow with theirs."""
    engagements = list(engagements)
    requirements = Requirement.objects.newest_of(engagements)
    measured = figures.newest(e.pk for e in engagements)
    return [
        {
            "engagement": engagement,
            "requirement": requirements.get(engagement.pk),
            "metric": metric(requirements.get(engagement.pk), measured.get(engagement.pk, {})),
        }
        for engagement in engagements
    ]


def standing_cards(engagements) -> list[dict]:
    """Return a card per engagement with how it stands and what comes next, for the vendor alone.

    `engagements` come with their standing; its figures are shown, so none is looked up.
    """
    engagements = list(engagements)
    requirements = Requirement.objects.newest_of(engagements)
    coming = {one.engagement_id: one for one in Ask.objects.first_of(engagements)}
    return [
        _standing_card(one, requirements.get(one.pk), coming.get(one.pk)) for one in engagements
    ]


def _standing_card(engagement, requirement, ask):
    standing = getattr(engagement, "standing", None)
    budget, cost = engagement.budget_cents, standing and standing.cost_cents
    if ask and ask.kind == "check.meet":  # what blocks is said already
        ask = None
    return {
        "engagement": engagement,
        "requirement": requirement,
        "standing": standing,
        "metric": standing and standing.metric,
        "next": ask and {"side": ask.side, "text": asks.sentence(ask), "url": ask.url},
        "budget_used": cost / budget if budget and cost is not None else None,
    }


def columns(engagements, *, phase="") -> list[dict]:
    """Return a column for each phase, or only for `phase`: the cards that need attention most.

    Those of poor health come first, then those that have been longest in the phase.
    """
    phases = [one for one in ORDER if phase in ("", one)]
    counts = dict(engagements.order_by().values_list("phase").annotate(n=Count("pk")))
    everything = standing_cards(_most_urgent(engagements.filter(phase__in=phases)))
    return [
        {
            "phase": one,
            "n": counts.get(one, 0),
            "more": max(0, counts.get(one, 0) - MOST_CARDS),
            "cards": [c for c in everything if c["engagement"].phase == one],
        }
        for one in phases
    ]


def _most_urgent(engagements):
    """The first of each phase. Their places are found among bare keys: rows are wide to sort."""
    urgent = [F("standing__health").asc(nulls_last=True), "phase_since", "name"]
    place = Window(RowNumber(), partition_by="phase", order_by=urgent)
    bare = engagements.order_by().select_related(None).values("pk").annotate(place=place)
    places = dict(bare.filter(place__lte=MOST_CARDS).values_list("pk", "place"))
    found = engagements.order_by().select_related("standing").filter(pk__in=places)
    return sorted(found, key=lambda one: places[one.pk])


def metric(requirement, measured) -> dict | None:
    """Return the figure the requirement asks for as the metric components take it, if measured."""
    if requirement is None or requirement.metric not in measured:
        return None
    figure = measured[requirement.metric]
    label = requirement.get_metric_display()
    return {"label": label, "target": float(requirement.target), **figure._asdict()}
