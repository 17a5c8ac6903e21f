"""What a worker's sweeper looks for here: endpoints to watch, and rows whose wake-up was lost."""

from django.conf import settings

from accounts.system import call
from feedback import tasks
from feedback.monitoring import watching
from lepton.lib import sweeping
from lepton.lib.wake import wake


@sweeping.in_every_worker
def sweep() -> None:
    """Wake a worker for endpoints to watch, for looks at drift and for erasures."""
    soon = {"expires_seconds": 2 * settings.LEPTON_SWEEP_SECONDS}
    if watching.is_due():
        wake(tasks.watch, **soon)
    if call("lepton_looks_due")[0][0]:
        wake(tasks.look_for_drift, **soon)
    if call("lepton_erasures_due")[0][0]:
        wake(tasks.wake_erasures, **soon)
