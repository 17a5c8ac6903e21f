"""Where an engagement's practice goes: told by the app that owns endpoints.

def find(engagement) -> Place | None: …
places.register(find)
"""

from typing import NamedTuple

from django.conf import settings


class Place(NamedTuple):
    """An endpoint's path on the site, and the labels it answers with."""

    predict_path: str
    labels: list[str]


_finders = []


def register(find) -> None:
    """Let `find(engagement)` say where predictions are asked for."""
    _finders[:] = [find]


def of(engagement) -> Place | None:
    """Return the engagement's place, or None before it has an endpoint."""
    return _finders[0](engagement) if _finders else None


def words(engagement) -> dict[str, str]:
    """Return what lessons and snippets say of the engagement's own endpoint."""
    tenant, place = engagement.tenant.slug, of(engagement)
    path = place.predict_path if place else f"/v1/endpoints/{tenant}/your-endpoint/predict"
    labels = place.labels if place and len(place.labels) > 1 else ["ok", "faulty"]
    site = settings.LEPTON_PUBLIC_URL
    return {
        "site": site,
        "tenant": tenant,
        "predict_url": f"{site}{path}",
        "endpoint_url": f"{site}{path.removesuffix('/predict')}",
        "endpoint": path.split("/")[-2],
        "feedback_url": f"{site}/api/v1/tenants/{tenant}/predictions",
        "label": labels[0],
        "other_label": labels[1],
        "labels": ", ".join(labels),
    }
