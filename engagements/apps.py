"""The record: engagements, requirements, timeline."""

from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"

    def ready(self):
        from engagements import checks, costs, economics, usage  # models can be imported only now

        checks.register()
        usage.register("staff_days", economics.staff_days)
        usage.register("storage", economics.documents_kept)
        costs.register(economics.total_cents)
