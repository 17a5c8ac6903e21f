"""What a worker's sweeper looks for here: exercises whose wake-up was lost."""

from django.conf import settings

from accounts import system
from lepton.lib import sweeping
from lepton.lib.wake import wake
from serving import tasks


@sweeping.in_every_worker
def sweep() -> bool:
    """Wake a worker if some exercise is claimable; return whether one is."""
    ((is_waiting,),) = system.call("lepton_exercises_wait")
    if is_waiting:
        wake(tasks.wake_exercises, expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
    return is_waiting
