"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"
