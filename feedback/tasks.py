"""What wakes a worker: tasks without content, which work off whatever rows there are."""

from celery import shared_task

from training import leases


@shared_task(ignore_result=True)
def watch():
    """Watch the endpoints that are due."""
    from feedback.monitoring import watching  # only a worker needs it

    watching.watch_all()


@shared_task(ignore_result=True)
def look_for_drift():
    """Carry out the looks that wait."""
    from feedback.monitoring import comparing  # only a worker needs it

    comparing.work_off()


@shared_task(ignore_result=True)
def wake_erasures():
    """Carry out confirmed erasures until none is claimable."""
    from feedback.erasure import work  # only a worker needs it

    leases.work_off("erasure", work.carry_out)
