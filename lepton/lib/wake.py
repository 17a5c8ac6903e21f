"""Wake a worker: the row is the job, and a lost wake-up costs only the sweeper's interval."""

import logging

from celery import current_app
from django.db import transaction

from lepton.lib import broker_health

log = logging.getLogger(__name__)


def wake_on_commit(task) -> None:
    """Send the payload-free Celery `task` once this commits; a broker that is down is no error."""
    transaction.on_commit(lambda: wake(task), robust=True)


def wake(task, *, expires_seconds: float | None = None) -> bool:
    """Send the payload-free `task` now, giving up within half a second; return whether it went."""
    if broker_health.is_down():
        return False
    bounds = broker_health.CONNECTION_BOUNDS
    try:
        with current_app.connection_for_write(transport_options=bounds) as connection:
            task.apply_async(
                connection=connection, ignore_result=True, retry=False, expires=expires_seconds
            )
    except Exception as error:  # whatever the broker's trouble, the sweeper will find the row
        broker_health.note_failure()
        log.warning("Could not wake %s: %s", task.name, error)
        return False
    return True
