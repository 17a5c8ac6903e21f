"""Enablement: what we teach the customer's people (shown as "Customer training")."""

from django.apps import AppConfig


class EnablementConfig(AppConfig):
    name = "enablement"

    def ready(self):
        from enablement import gates, health, practice_checks, survey_asks  # models only now

        practice_checks.register()
        gates.register()
        health.register()
        survey_asks.register()
