"""Where webhooks are found: pages below /t/<tenant>/, operations below the tenant's API."""

from django.urls import path

from engagements.webhooks import api, views

PAGES = "t/<slug:tenant>/webhooks/"
PAGE = f"{PAGES}<uuid:webhook>/"
pages = [
    path(PAGES, views.webhooks, name="webhooks"),
    path(f"{PAGES}create/", views.create_webhook, name="create_webhook"),
    path(PAGE, views.webhook, name="webhook"),
    path(f"{PAGE}change/", views.change_webhook, name="change_webhook"),
    path(f"{PAGE}pause/", views.pause_webhook, name="pause_webhook"),
    path(f"{PAGE}resume/", views.resume_webhook, name="resume_webhook"),
    path(f"{PAGE}remove/", views.remove_webhook, name="remove_webhook"),
    path(f"{PAGE}rotate/", views.rotate_webhook, name="rotate_webhook"),
    path(f"{PAGE}test/", views.send_test, name="test_webhook"),
    path(f"{PAGE}deliveries/<uuid:delivery>/replay/", views.replay, name="replay_delivery"),
]
ONE = "webhooks/<uuid:webhook>"
operations = [
    path("webhooks", api.webhooks, name="webhooks"),
    path(ONE, api.webhook, name="webhook"),
    path(f"{ONE}/rotate", api.rotate, name="rotate_webhook"),
    path(f"{ONE}/test", api.send_test, name="test_webhook"),
    path(f"{ONE}/deliveries", api.deliveries, name="deliveries"),
    path(f"{ONE}/deliveries/<uuid:delivery>/replay", api.replay, name="replay_delivery"),
]
