"""Lepton: an AI vendor's customer engagements, from proof of concept to a model that lives."""

from lepton.celery import app as celery_app

__all__ = ["celery_app"]
