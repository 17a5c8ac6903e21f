"""The trials of a search as rows: what the engine's notebook is to a worker."""

from accounts import system
from lepton.lib import live
from training.models import Trial
from training.task_types import data

FIELDS = ("params", "state", "loss", "accuracy", "steps", "seconds", "cause")


class TrialBook:
    """Trials of a claimed run; every write is fenced by the claim, and makes work safe."""

    def __init__(self, claim):
        self.claim = claim
        self._known = None

    def trials(self) -> list[data.Trial]:
        """All trials by number, read once: only we write while the claim is ours."""
        if self._known is None:
            with self.claim.scope() as run:
                rows = run.trials.in_order().values("number", *FIELDS)
                self._known = {row["number"]: _read(row) for row in rows}
        return [self._known[number] for number in sorted(self._known)]

    def write(self, trial: data.Trial) -> None:
        """Keep a trial as a row. Raises LeaseLost."""
        values = {name: getattr(trial, name) for name in FIELDS} | {"steps": list(trial.steps)}
        with self.claim.scope() as run:
            Trial.objects.update_or_create(run=run, number=trial.number, defaults=values)
            self.claim.checkpointed()
            live.look_again(self.claim.tenant_id, run.topic)
        self._known = {one.number: one for one in self.trials()} | {trial.number: trial}

    def turn_is_over(self) -> bool:
        """Whether a run of another tenant waits."""
        ((waits,),) = system.call("lepton_run_waits_elsewhere", self.claim.tenant_id)
        return waits


def _read(row) -> data.Trial:
    return data.Trial(**row | {"steps": tuple(row["steps"])})
