"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self):
        from engagements import iterations  # models can be imported only now
        from feedback import gates, health
        from feedback.figures import first_given
        from feedback.tickets import asking
        from training import leases

        asking.register()
        gates.register()
        health.register()
        iterations.register("feedback_at", first_given)
        leases.register("erasure", "feedback.Erasure")
