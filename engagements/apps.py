"""The record: engagements, requirements, timeline."""

from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"

    def ready(self):
        # models can be imported only now
        from engagements import checks, costs, economics, health, standing, timeline, usage

        checks.register()
        health.register_own()
        timeline.listen(standing.refresh_on_commit)
        usage.register("staff_days", economics.staff_days)
        usage.register("storage", economics.documents_kept)
        costs.register(economics.total_cents)
