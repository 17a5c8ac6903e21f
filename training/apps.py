"""Data, runs and model versions."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self):
        from engagements import (  # models can be imported only now
            characteristics,
            figures,
            holdouts,
            iterations,
        )
        from training import gates, health, usage
        from training.characteristics import of_newest_version
        from training.figures import measured_between, newest_measured
        from training.holdouts import candidates_of, holdouts_of
        from training.runs import pack

        characteristics.register(of_newest_version)
        figures.register(newest_measured)
        holdouts.register(holdouts=holdouts_of, candidates=candidates_of)
        gates.register()
        health.register()
        usage.register()
        pack.register()
        iterations.register("accuracy", measured_between)
        iterations.register("compute_seconds", usage.compute_seconds)
