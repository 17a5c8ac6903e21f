"""What a worker's sweeper looks for here: deliveries that are due, standings grown stale."""

from django.conf import settings

from engagements import standing, tasks
from engagements.webhooks import sending
from lepton.lib import sweeping
from lepton.lib.wake import wake


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker for what is due to webhooks, and for standings nobody looked at lately."""
    soon = {"expires_seconds": 2 * settings.LEPTON_SWEEP_SECONDS}
    if sending.is_due():
        wake(tasks.wake_deliveries, **soon)
    if standing.any_is_stale():
        wake(tasks.refresh_standings, **soon)
