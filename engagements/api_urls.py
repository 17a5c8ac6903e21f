"""API operations below a tenant."""

from django.urls import path

from engagements import api

app_name = "engagements_api"
ENGAGEMENT = "engagements/<uuid:engagement>"
urlpatterns = [
    path("engagements", api.engagements, name="engagements"),
    path(ENGAGEMENT, api.engagement, name="engagement"),
    path(f"{ENGAGEMENT}/requirements", api.requirements, name="requirements"),
    path(f"{ENGAGEMENT}/advance", api.advance, name="advance"),
    path(f"{ENGAGEMENT}/timeline", api.timeline, name="timeline"),
]
