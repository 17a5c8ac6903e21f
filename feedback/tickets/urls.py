"""Pages of tickets, below an engagement."""

from django.urls import path

from feedback.tickets import views

urlpatterns = [
    path("tickets/", views.tickets, name="tickets"),
    path("tickets/response-times/", views.promise, name="promise_response"),
    path("tickets/<uuid:ticket>/", views.ticket, name="ticket"),
    path("tickets/<uuid:ticket>/say/", views.say, name="say"),
    path("tickets/<uuid:ticket>/triage/", views.triage, name="triage"),
    path("tickets/<uuid:ticket>/resolve/", views.settle, {"verb": "resolve"}, name="resolve"),
    path("tickets/<uuid:ticket>/reopen/", views.settle, {"verb": "reopen"}, name="reopen"),
]
