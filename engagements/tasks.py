"""What wakes a worker: tasks without content, which work off whatever rows there are."""

from celery import shared_task

from engagements import standing
from engagements.webhooks import sending
from lepton.lib.wake import wake


@shared_task(ignore_result=True)
def refresh_standings():
    """Compute anew how engagements stand that were not looked at for a while."""
    standing.refresh_all()


@shared_task(ignore_result=True)
def wake_deliveries():
    """Send what is due to webhooks for a while; what is left gets a turn of its own."""
    sending.send_due()
    if sending.is_due():
        wake(wake_deliveries)
