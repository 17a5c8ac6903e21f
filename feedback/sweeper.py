"""What a worker's sweeper looks for here: erasures whose wake-up was lost."""

from django.conf import settings

from accounts.system import call
from feedback import tasks
from lepton.lib import sweeping
from lepton.lib.wake import wake


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker where an erasure waits for one."""
    if call("lepton_erasures_due")[0][0]:
        wake(tasks.wake_erasures, expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
