"""A thread in every worker that calls each app's sweep, for rows whose wake-up was lost."""

import logging
import random
import threading
from collections.abc import Callable

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection

log = logging.getLogger(__name__)

_sweeps: list[Callable[[], object]] = []
_stop = threading.Event()


def in_every_worker(sweep: Callable[[], object]) -> Callable[[], object]:
    """Have `sweep` called in the parent process of every worker, at once and at its interval."""
    _sweeps.append(sweep)
    return sweep


@worker_ready.connect
def start(**facts):
    """Begin to sweep, once for all apps."""
    threading.Thread(target=_sweep_until_stopped, name="sweeper", daemon=True).start()


@worker_shutting_down.connect
def stop(**facts):
    _stop.set()


def _sweep_until_stopped():
    while True:
        for sweep in _sweeps:
            _one(sweep)
        if _stop.wait(settings.LEPTON_SWEEP_SECONDS * random.uniform(0.7, 1.3)):
            return


def _one(sweep):
    try:
        sweep()
    except DatabaseError as error:
        log.warning("Could not look for claimable rows: %s", error)
    finally:
        connection.close()  # the parent holds no connection that a fork could share
