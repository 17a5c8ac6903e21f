"""Engagements as cards: the requirement's target against the newest measured figure."""

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from engagements import figures
from engagements.models import Requirement, Standing
from engagements.phases import ORDER

MOST_CARDS = 8  # a column of the board; the list has them all


def cards(engagements, *, standing=False) -> list[dict]:
    """Return a card per engagement, in a number of queries that does not grow with theirs.

    `standing` adds how it stands, which is private to the vendor.
    """
    engagements = list(engagements)
    requirements = Requirement.objects.newest_of(engagements)
    measured = figures.newest(e.pk for e in engagements)
    stands = Standing.objects.filter(engagement__in=engagements) if standing else ()
    found = {one.engagement_id: one for one in stands}
    return [
        {
            "engagement": engagement,
            "requirement": requirements.get(engagement.pk),
            "metric": metric(requirements.get(engagement.pk), measured.get(engagement.pk, {})),
            "standing": found.get(engagement.pk),
        }
        for engagement in engagements
    ]


def columns(engagements, *, phase="") -> list[dict]:
    """Return a column for each phase, or only for `phase`: the cards that need attention most.

    Those of poor health come first, then those that have been longest in the phase.
    """
    phases = [one for one in ORDER if phase in ("", one)]
    counts = dict(engagements.order_by().values_list("phase").annotate(n=Count("pk")))
    urgent = [F("standing__health").asc(nulls_last=True), "phase_since", "name"]
    place = Window(RowNumber(), partition_by="phase", order_by=urgent)
    chosen = engagements.filter(phase__in=phases).annotate(place=place)
    everything = cards(chosen.filter(place__lte=MOST_CARDS).order_by("place"), standing=True)
    return [
        {
            "phase": one,
            "n": counts.get(one, 0),
            "more": max(0, counts.get(one, 0) - MOST_CARDS),
            "cards": [c for c in everything if c["engagement"].phase == one],
        }
        for one in phases
    ]


def metric(requirement, measured) -> dict | None:
    """Return the figure the requirement asks for as the metric components take it, if measured."""
    if requirement is None or requirement.metric not in measured:
        return None
    figure = measured[requirement.metric]
    label = requirement.get_metric_display()
    return {"label": label, "target": float(requirement.target), **figure._asdict()}
