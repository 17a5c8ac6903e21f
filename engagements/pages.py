"""What every page of an engagement shows around its content."""

from django.shortcuts import get_object_or_404
from django.urls import reverse

from engagements.models import Engagement
from engagements.phases import Phase


def engagement_of(pk) -> Engagement:
    """Return the engagement of the active tenant, with what its frame shows, or raise Http404."""
    return get_object_or_404(Engagement.objects.for_lists(), pk=pk)


def url(name, engagement) -> str:
    """Return the address of a page of `engagement`."""
    return reverse(name, args=[engagement.tenant.slug, engagement.pk])


def frame(engagement, *crumbs) -> dict:
    """Return the context of a page of `engagement`: phase bar and breadcrumb.

    `crumbs` come after the engagement's own: (label, url) pairs, the last one a plain label.
    """
    slug = engagement.tenant.slug
    trail = [
        (engagement.tenant.name, reverse("engagements:tenant", args=[slug])),
        (engagement.name, reverse("engagements:overview", args=[slug, engagement.pk])),
        *(crumb if isinstance(crumb, tuple) else (crumb, "") for crumb in crumbs),
    ]
    return {
        "engagement": engagement,
        "iteration": engagement.iteration,
        "phases": phase_bar(engagement),
        "breadcrumbs": [{"label": label, "url": url} for label, url in trail],
    }


def phase_bar(engagement) -> list[dict]:
    """Return the phases in order, each done, current or coming."""
    position = engagement.phases.index(engagement.phase)
    return [
        {"label": Phase(phase).label, "state": _state(number - position)}
        for number, phase in enumerate(engagement.phases)
    ]


def _state(distance):
    return "current" if distance == 0 else "done" if distance < 0 else "coming"
