"""Endpoints: what answers a tenant's REST clients."""

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "serving"
