"""API operations of tickets, below a tenant."""

from django.urls import path

from feedback.tickets import api

urlpatterns = [
    path("engagements/<uuid:engagement>/tickets", api.tickets, name="tickets"),
    path("engagements/<uuid:engagement>/support", api.support, name="support"),
    path("engagements/<uuid:engagement>/response-hours", api.response_hours, name="response_hours"),
    path("tickets/<uuid:ticket>", api.ticket, name="ticket"),
    path("tickets/<uuid:ticket>/messages", api.messages, name="ticket_messages"),
    path("tickets/<uuid:ticket>/resolve", api.resolve, name="resolve_ticket"),
    path("tickets/<uuid:ticket>/reopen", api.reopen, name="reopen_ticket"),
]
