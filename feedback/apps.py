"""What the customer tells us."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    name = "feedback"

    def ready(self):
        from engagements import iterations, timeline  # models can be imported only now
        from feedback import gates, health, practicals
        from feedback.alerts import defaults, standing
        from feedback.figures import first_given
        from feedback.iteration import alarms, due, sweeper  # noqa: F401, it listens for workers
        from feedback.tickets import asking
        from training import leases

        alarms.register()
        asking.register()
        gates.register()
        health.register()
        practicals.register()
        standing.register()
        timeline.listen(defaults.entry_made)
        iterations.register("feedback_at", first_given)
        timeline.listen(due.entry_made)
        leases.register("erasure", "feedback.Erasure")
