"""Where alerts are found: pages below an engagement, operations below the tenant's API."""

from django.urls import path

from feedback.alerts import api, views

PAGE = "t/<slug:tenant>/e/<uuid:engagement>/monitoring/alerts/"
RULE = f"{PAGE}rules/<uuid:rule>/"
pages = [
    path(PAGE, views.alerts, name="alerts"),
    path(f"{PAGE}rules/", views.create_rule, name="create_alert_rule"),
    path(RULE, views.rule, name="alert_rule"),
    path(f"{RULE}silence/", views.silence, name="silence_alert_rule"),
    path(f"{PAGE}<uuid:alert>/acknowledge/", views.acknowledge, name="acknowledge_alert"),
]
ONE = "engagements/<uuid:engagement>"
operations = [
    path(f"{ONE}/alert-rules", api.rules, name="alert_rules"),
    path(f"{ONE}/alert-rules/<uuid:rule>", api.rule, name="alert_rule"),
    path(f"{ONE}/alert-rules/<uuid:rule>/silence", api.silence, name="silence_alert_rule"),
    path(f"{ONE}/alerts", api.alerts, name="alerts"),
    path(f"{ONE}/alerts/<uuid:alert>/acknowledge", api.acknowledge, name="acknowledge_alert"),
]
