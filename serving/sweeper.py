"""What a worker's sweeper looks for here: bulk predictions whose wake-up was lost."""

from django.conf import settings

from lepton.lib import sweeping
from lepton.lib.wake import wake
from serving import tasks


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker if a bulk prediction is claimable."""
    if tasks.is_due():
        wake(tasks.wake_bulk, expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
