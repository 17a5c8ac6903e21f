"""Endpoints: what answers a tenant's REST clients."""

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "serving"

    def ready(self):
        from engagements import holdouts, iterations, usage  # models can be imported only now
        from serving import gates, health, practicals
        from serving.exercises import gates as exercise_gates
        from serving.exercises import pack
        from serving.figures import answers_within
        from serving.usage import first_live, thousand_predictions
        from training import leases

        holdouts.register_latency(answers_within)
        leases.register("bulk", "serving.BulkPrediction")
        gates.register()
        exercise_gates.register()
        pack.register()
        health.register()
        practicals.register()
        usage.register("predictions", thousand_predictions)
        iterations.register("live_at", first_live)
        leases.register("load_test", "serving.LoadTest")
        leases.register("drill", "serving.RollbackDrill")
