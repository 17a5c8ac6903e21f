"""Wake a worker: the row is the job, and a lost wake-up costs only the sweeper's interval."""

import logging

from django.db import transaction

log = logging.getLogger(__name__)


def wake_on_commit(task) -> None:
    """Send the payload-free Celery `task` once this commits; a broker that is down is no error."""
    transaction.on_commit(lambda: wake(task), robust=True)


def wake(task) -> None:
    """Send the payload-free `task` now, giving up within about a second."""
    try:
        task.apply_async(ignore_result=True, retry=False)
    except Exception as error:  # whatever the broker's trouble, the sweeper will find the row
        log.warning("Could not wake %s: %s", task.name, error)
