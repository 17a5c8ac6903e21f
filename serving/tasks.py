"""What wakes a worker for bulk predictions: a task without content."""

from celery import shared_task

from accounts import system
from lepton.lib.wake import wake
from training import leases


@shared_task(ignore_result=True)
def wake_bulk():
    """Go on with one bulk prediction for a while; what is left gets a turn of its own."""
    from serving.bulk import worker  # only a worker needs it

    leases.work_off("bulk", worker.carry_out, most=1)
    if is_due():
        wake(wake_bulk)


def is_due() -> bool:
    """Whether a bulk prediction of any tenant waits for a worker."""
    return system.call("lepton_bulk_due")[0][0]
