"""What a run says about itself while it works; torch-free."""

import resource
import sys
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Progress:
    """One report. `done` of `total` counts images (preparing, evaluating) or steps (training)."""

    phase: str  # "preparing", "training" or "evaluating"
    done: int = 0
    total: int = 0
    epoch: int = 0
    epochs: int = 0
    train_loss: float | None = None
    valid_loss: float | None = None
    valid_accuracy: float | None = None
    closed_epoch: int | None = None  # the epoch (or fold) that the losses are of, said once
    best_epoch: int | None = None
    patience_left: int | None = None
    items_per_second: float | None = None
    eta_seconds: float | None = None
    memory_bytes: int = 0
    message: str = ""


@dataclass
class Pace:
    """Speed and remaining time of a loop over `total` items."""

    total: int
    already_done: int = 0
    started: float = field(default_factory=time.monotonic)

    def at(self, done: int) -> dict:
        """Return items_per_second, eta_seconds and memory_bytes after `done` items."""
        seconds = max(time.monotonic() - self.started, 1e-9)
        speed = (done - self.already_done) / seconds
        eta = (self.total - done) / speed if speed > 0 else None
        return {"items_per_second": speed, "eta_seconds": eta, "memory_bytes": memory_bytes()}


def memory_bytes() -> int:
    """Peak resident memory of this process in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
