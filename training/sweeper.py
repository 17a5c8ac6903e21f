"""The sweeper: a thread in every worker that wakes workers for rows whose wake-up was lost."""

import logging
import random
import threading

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection

from engagements import standing
from engagements.tasks import refresh_standings
from lepton.lib.wake import wake
from training import leases, tasks

log = logging.getLogger(__name__)

WAKES = {"run": tasks.wake_runs, "import": tasks.wake_imports}
_stop = threading.Event()


def sweep() -> list[str]:
    """Wake workers for every kind of which a row is claimable; return those kinds."""
    kinds = leases.claimable()
    for kind in kinds:
        wake(WAKES[kind], expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
    if standing.any_is_stale():
        wake(refresh_standings, expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
    return kinds


@worker_ready.connect
def start(**facts):
    """Begin to sweep in the parent process of a worker, at once and then at its interval."""
    threading.Thread(target=_sweep_until_stopped, name="sweeper", daemon=True).start()


@worker_shutting_down.connect
def stop(**facts):
    _stop.set()


def _sweep_until_stopped():
    while True:
        try:
            sweep()
        except DatabaseError as error:
            log.warning("Could not look for claimable rows: %s", error)
        finally:
            connection.close()  # the parent holds no connection that a fork could share
        if _stop.wait(settings.LEPTON_SWEEP_SECONDS * random.uniform(0.7, 1.3)):
            return
