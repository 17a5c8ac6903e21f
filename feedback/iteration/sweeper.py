"""What a worker's sweeper looks for here: data iterations that are due."""

from django.conf import settings

from accounts import system
from feedback.iteration import tasks
from lepton.lib import sweeping
from lepton.lib.wake import wake


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker if a data iteration or a policy is due."""
    if system.call("lepton_data_iterations_due")[0][0]:
        wake(tasks.wake_data_iterations, expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
