"""What a worker's sweeper looks for here: runs and imports whose wake-up was lost."""

from django.conf import settings

from lepton.lib import sweeping
from lepton.lib.wake import wake
from training import leases, tasks

WAKES = {
    "run": tasks.wake_runs,
    "import": tasks.wake_imports,
    "explanation": tasks.wake_explanations,
}


@sweeping.in_every_worker
def sweep() -> list[str]:
    """Wake workers for every kind of which a row is claimable; return those kinds."""
    kinds = leases.claimable()
    for kind in kinds:
        wake(WAKES[kind], expires_seconds=2 * settings.LEPTON_SWEEP_SECONDS)
    return kinds
