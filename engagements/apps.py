"""The record: engagements, requirements, timeline."""

from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"

    def ready(self):
        # models can be imported only now
        from engagements import checks, economics, health, standing, timeline, usage
        from engagements.packs import own as pack_sections
        from engagements.webhooks import events

        checks.register()
        pack_sections.register()
        health.register_own()
        timeline.listen(standing.entry_made)
        timeline.listen(events.entry_made)
        usage.register("staff_days", economics.staff_days)
        usage.register("storage", economics.documents_kept)
