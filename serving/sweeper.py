"""What a worker's sweeper looks for here: rows whose wake-up was lost."""

from django.conf import settings

from accounts import system
from lepton.lib import sweeping
from lepton.lib.wake import wake
from serving import tasks


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker if a bulk prediction or an exercise is claimable."""
    soon = {"expires_seconds": 2 * settings.LEPTON_SWEEP_SECONDS}
    if tasks.bulk_is_due():
        wake(tasks.wake_bulk, **soon)
    if system.call("lepton_exercises_wait")[0][0]:
        wake(tasks.wake_exercises, **soon)
