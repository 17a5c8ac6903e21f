"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self):
        from feedback import gates  # models can be imported only now

        gates.register()
