"""What wakes a worker: a task without content, which works off whatever exercises wait."""

from celery import shared_task

from training import leases


@shared_task(ignore_result=True)
def wake_exercises():
    """Carry out rollback drills and load tests until none is claimable."""
    from serving.exercises import drill_runner, load_runner  # only a worker needs them

    leases.work_off("drill", drill_runner.carry_out)
    leases.work_off("load_test", load_runner.carry_out)
