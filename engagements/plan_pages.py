"""What the plan's page shows to a side."""

from django.db.models import Avg, Count

from engagements import plan_forms
from engagements.phases import Phase

FORMS = {
    "item": plan_forms.ActionItemForm,
    "milestone": plan_forms.MilestoneForm,
    "document": plan_forms.DocumentForm,
    "decision": plan_forms.DecisionForm,
}


def facts(engagement, side) -> dict:
    """The plan of the present iteration as `side` may see it."""
    documents = engagement.documents.for_side(side).filter(removed_at=None)
    decisions = engagement.decisions.for_side(side).select_related("replaced_by")
    milestones = engagement.milestones.for_side(side).filter(iteration=engagement.iteration)
    rated = milestones.annotate(rated=Count("ratings"), satisfaction=Avg("ratings__score"))
    return {
        "groups": groups(engagement, side),
        "milestones": rated.order_by("due_on", "created_at"),
        "documents": documents.order_by("-created_at"),
        "decisions": decisions.order_by("-created_at"),
    }


def groups(engagement, side) -> list[dict]:
    """The action items of the present iteration by phase, phases without one left out."""
    items = engagement.actionitems.for_side(side).filter(iteration=engagement.iteration)
    items = items.select_related("assignee").prefetch_related("needs")
    by_phase = {}
    for item in items.order_by("due_on", "created_at"):
        by_phase.setdefault(item.phase, []).append(_shown(item, side))
    return [
        {"phase": Phase(phase), "current": phase == engagement.phase, "items": by_phase[phase]}
        for phase in engagement.phases
        if phase in by_phase
    ]


def forms_of(engagement, side) -> dict:
    """An empty form for each part of the plan."""
    return {
        name: form(engagement=engagement, side=side, auto_id=f"{name}_%s")
        for name, form in FORMS.items()
    }


def _shown(item, side):
    """An item with what it waits for, and whether this side may close it or open it again.

    What is private to the vendor is not named to others.
    """
    waits = [one for one in item.needs.all() if one.is_open]
    return {
        "item": item,
        "waits": [one for one in waits if not one.is_private or side == "vendor"],
        "may_close": item.side == side,
        "may_reopen": item.side == side or bool(item.dropped_at and side == "vendor"),
    }
