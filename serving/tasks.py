"""What wakes a worker: tasks without content, which work off whatever rows are claimable."""

from celery import shared_task

from accounts import system
from lepton.lib.wake import wake
from training import leases


@shared_task(ignore_result=True)
def wake_bulk():
    """Go on with one bulk prediction for a while; what is left gets a turn of its own."""
    from serving.bulk import worker  # only a worker needs it

    leases.work_off("bulk", worker.carry_out, most=1)
    if bulk_is_due():
        wake(wake_bulk)


def bulk_is_due() -> bool:
    """Whether a bulk prediction of any tenant waits for a worker."""
    return system.call("lepton_bulk_due")[0][0]


@shared_task(ignore_result=True)
def wake_exercises():
    """Carry out rollback drills and load tests until none is claimable."""
    from serving.exercises import drill_runner, load_runner  # only a worker needs them

    leases.work_off("drill", drill_runner.carry_out)
    leases.work_off("load_test", load_runner.carry_out)
