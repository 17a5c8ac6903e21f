"""Celery: wakes workers. What is to be done, and by whom, is in the rows."""

import os

from celery import Celery
from celery.signals import worker_process_init

from lepton.lib import tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lepton.settings")
# Django's checks load every page: 75 MB and most of a worker's start, four times an installation.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
app = Celery("lepton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="sweeper")  # listens for the start of a worker


@worker_process_init.connect
def trace(**_signal):
    """Let a worker send its spans."""
    tracing.start("worker")
