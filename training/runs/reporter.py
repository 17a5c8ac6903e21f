"""What a run says while it works: progress about once a second, epochs at once, the log's tail."""

import logging
import math
import time
from collections import deque
from dataclasses import asdict
from pathlib import Path

from django.db import DatabaseError, connection
from django.utils import timezone

from lepton.lib import live
from training.engine.progress import Progress
from training.models import Run, RunEpoch

log = logging.getLogger(__name__)
LOG_LINES = 100
SECONDS_BETWEEN_WRITES = 1.0
PHASES = {
    "preparing": ("Preparing images", "Preparing %d images"),
    "training": ("Training", "Training in %d steps"),
    "evaluating": ("Evaluating on the test split", "Evaluating on %d test images"),
}


class Reporter:
    """Called by the training with each Progress; every write is fenced by the claim."""

    def __init__(self, claim, run, spent, *, work_dir: Path, cache_dir: Path):
        self.claim, self.engagement_id, self.spent = claim, run.engagement_id, spent
        self.work_dir, self.cache_dir = work_dir, cache_dir
        self.lines = deque(run.log_tail.splitlines(), maxlen=LOG_LINES)
        self.state, self.written_at, self.told = "", 0.0, ""
        self.epochs_told, self.safe = set(), self._safe_work("preparing")

    def __call__(self, progress: Progress) -> None:
        closed = progress.closed_epoch
        turning = progress.phase != self.state
        if turning or closed is not None or self._says_something(progress) or self._due():
            self._say_what_is_new(progress, closed)
            try:
                self._write(progress, closed, turning)
            except DatabaseError as error:  # the heart decides whether the lease can be kept
                log.warning("Could not write progress: %s", error)
                connection.close()

    def say(self, words: str) -> None:
        """Add a line to the log."""
        self.lines.extend(f"{timezone.now():%H:%M:%S} {line}" for line in words.splitlines())

    @property
    def log_tail(self) -> str:
        return "\n".join(self.lines)

    def _says_something(self, progress):
        return bool(progress.message) and progress.message != self.told

    def _due(self):
        return time.monotonic() - self.written_at >= SECONDS_BETWEEN_WRITES

    def _write(self, progress, closed, turning):
        changes = {"progress": plain(asdict(progress)), "log_tail": self.log_tail}
        changes |= self.spent.fields
        if turning:
            changes["state"] = Run.State(progress.phase)
        safe = self._safe_work(progress.phase)
        if safe != self.safe:  # work was made safe since: crashes before it no longer count
            changes["crashes"] = 0
        with self.claim.scope() as run:
            self.claim.write(**changes)
            if closed is not None:
                write_epoch(run, closed, progress)
            live.look_again(self.claim.tenant_id, f"run:{self.claim.id}")
            if turning:
                live.look_again(self.claim.tenant_id, f"engagement:{self.engagement_id}")
        self.state, self.safe, self.written_at = progress.phase, safe, time.monotonic()

    def _safe_work(self, phase):
        """Something that changes whenever a crash would lose less than before."""
        try:
            saved = (self.work_dir / "checkpoint.safetensors").stat().st_mtime_ns
        except FileNotFoundError:
            saved = 0
        if phase != "preparing":
            return saved, getattr(self, "safe", (0, 0))[1]
        return saved, sum(1 for _ in (self.cache_dir / "features").glob("*/*.safetensors"))

    def _say_what_is_new(self, progress, closed):
        if self._says_something(progress):
            self.told = progress.message
            self.say(
                f"{progress.message}: {progress.total}" if progress.total else progress.message
            )
        elif progress.phase != self.state:
            self.say(_phase_in_words(progress))
        if closed is not None and closed not in self.epochs_told:
            self.epochs_told.add(closed)
            self.say(f"epoch {closed}: {_figures(progress)}")


def _phase_in_words(progress) -> str:
    bare, counted = PHASES[progress.phase]
    return counted % progress.total if progress.total else bare


def write_epoch(run, epoch: int, progress: Progress) -> None:
    """Keep the figures of a finished epoch; writing them again changes nothing."""
    names = ("train_loss", "valid_loss", "valid_accuracy", "items_per_second")
    figures = plain({name: getattr(progress, name) for name in names})
    RunEpoch.objects.update_or_create(run=run, epoch=epoch, defaults=figures)


def plain(figures: dict) -> dict:
    """The same without infinities and NaN, which JSON does not know."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in figures.items()
    }


def _figures(progress):
    figures = {
        "train loss": progress.train_loss,
        "valid loss": progress.valid_loss,
        "valid accuracy": progress.valid_accuracy,
    }
    return ", ".join(f"{name} {value:.4f}" for name, value in figures.items() if value is not None)
