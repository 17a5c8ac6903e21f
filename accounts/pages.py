"""What every page of a tenant shows around its content."""

from django.urls import reverse


def trail(request, label) -> dict:
    """Return the breadcrumb of a page of the active tenant."""
    tenant = request.tenant
    home = {"label": tenant.name, "url": reverse("engagements:tenant", args=[tenant.slug])}
    return {"breadcrumbs": [home, {"label": label}]}
