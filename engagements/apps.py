"""The record: engagements, requirements, timeline."""

from django.apps import AppConfig


class EngagementsConfig(AppConfig):
    name = "engagements"
