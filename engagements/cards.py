"""Engagements as cards: the requirement's target against the newest measured figure."""

from engagements import figures
from engagements.models import Requirement
from engagements.phases import ORDER


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


def columns(engagements, *, phase="") -> list[dict]:
    """Return the cards by phase, a column for each phase or only for `phase`."""
    everything = cards(engagements)
    return [
        {"phase": one, "cards": [c for c in everything if c["engagement"].phase == one]}
        for one in ORDER
        if phase in ("", one)
    ]


def metric(requirement, measured) -> dict | None:
    """Return the figure the requirement asks for as the metric components take it, if measured."""
    if requirement is None or requirement.metric not in measured:
        return None
    figure = measured[requirement.metric]
    label = requirement.get_metric_display()
    return {"label": label, "target": float(requirement.target), **figure._asdict()}
