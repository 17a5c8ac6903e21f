"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self):
        from engagements import iterations, timeline  # models can be imported only now
        from feedback import gates, health
        from feedback.figures import first_given
        from feedback.iteration import due, sweeper  # noqa: F401, it listens for workers

        gates.register()
        health.register()
        iterations.register("feedback_at", first_given)
        timeline.listen(due.entry_made)
