"""The project itself as an app: management commands and template tags."""

from django.apps import AppConfig


class LeptonConfig(AppConfig):
    name = "lepton"
