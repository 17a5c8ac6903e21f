"""Where monitoring is found: pages below an engagement, operations below the tenant's API."""

from django.urls import path

from feedback.monitoring import api, views

PAGE = "t/<slug:tenant>/e/<uuid:engagement>/"
pages = [
    path(f"{PAGE}monitoring/", views.show, name="monitoring"),
    path(f"{PAGE}monitoring/look/", views.look, name="look_for_drift"),
    path(f"{PAGE}monitoring/accept/", views.accept, name="accept_traffic"),
    path(f"{PAGE}panels/monitoring/", views.panel, name="monitoring_panel"),
]
ONE = "engagements/<uuid:engagement>"
operations = [
    path(f"{ONE}/monitoring", api.monitoring, name="monitoring"),
    path(f"{ONE}/live-quality", api.live_quality, name="live_quality"),
    path(f"{ONE}/drift-looks", api.drift_looks, name="drift_looks"),
    path(f"{ONE}/drift-references", api.drift_references, name="drift_references"),
]
