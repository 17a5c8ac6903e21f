"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self):
        from engagements import iterations, timeline  # models can be imported only now
        from feedback import gates, health, practicals
        from feedback.alerts import defaults, standing
        from feedback.figures import first_given

        gates.register()
        health.register()
        practicals.register()
        standing.register()
        timeline.listen(defaults.entry_made)
        iterations.register("feedback_at", first_given)
