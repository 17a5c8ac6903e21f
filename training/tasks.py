"""What wakes a worker: tasks without content, which work off whatever rows are claimable."""

from celery import shared_task

from training import leases


@shared_task(ignore_result=True)
def wake_runs():
    """Carry out runs until none is claimable."""
    from training import runner  # only a worker needs it

    leases.work_off("run", runner.carry_out)


@shared_task(ignore_result=True)
def wake_imports():
    """Carry out imports until none is claimable."""
    from training.datasets import importer  # only a worker needs it

    leases.work_off("import", importer.carry_out)


@shared_task(ignore_result=True)
def wake_explanations():
    """Carry out explanations until none is claimable."""
    from training import explaining  # only a worker needs it

    leases.work_off("explanation", explaining.carry_out)
