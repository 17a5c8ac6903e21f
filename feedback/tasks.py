"""What wakes a worker: tasks without content, which work off whatever rows are claimable."""

from celery import shared_task

from training import leases


@shared_task(ignore_result=True)
def wake_erasures():
    """Carry out confirmed erasures until none is claimable."""
    from feedback.erasure import work  # only a worker needs it

    leases.work_off("erasure", work.carry_out)
