"""Data, runs and model versions."""

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    name = "training"

    def ready(self):
        from engagements import figures  # models can be imported only now
        from training.figures import newest_measured

        figures.register(newest_measured)
