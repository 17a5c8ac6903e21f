"""The record: engagements, requirements, timeline."""

from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"

    def ready(self):
        from engagements import checks  # models can be imported only now

        checks.register()
