"""API operations above the tenants."""

from django.urls import path

from feedback.tickets import api

app_name = "feedback_root_api"
urlpatterns = [path("tickets", api.queue, name="ticket_queue")]
