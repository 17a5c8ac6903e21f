"""Endpoints: what answers a tenant's REST clients."""

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "serving"

    def ready(self):
        from engagements import holdouts  # models can be imported only now
        from serving import gates
        from serving.figures import answers_within

        holdouts.register_latency(answers_within)
        gates.register()
