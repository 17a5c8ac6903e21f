"""What wakes a worker for the desk: a task without content."""

from celery import shared_task

from engagements import standing


@shared_task(ignore_result=True)
def refresh_standings():
    """Compute anew how engagements stand that were not looked at for a while."""
    while standing.refresh_stale() == standing.AT_ONCE:
        pass
