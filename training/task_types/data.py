"""What goes into a run and what comes out of it; torch-free."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from training.engine.progress import Progress
from training.engine.suspects import Suspect

__all__ = [
    "Beside",
    "Evaluation",
    "Notebook",
    "Progress",
    "Row",
    "TrainedModel",
    "TrainingData",
    "Trial",
]


@dataclass(frozen=True)
class Row:
    """One labelled image. `source` is a file or a function that gives its bytes; `label` indexes
    the classes."""

    sha256: str
    source: Path | Callable[[], bytes]
    label: int
    split: str  # "train", "valid" or "test"
    group: str = (
        ""  # images of one group (patient, part) never stand on both sides of a split or fold
    )
    target: tuple[float, ...] | None = None  # a soft label: the classes' probabilities; None: hard

    def read(self) -> bytes:
        """Return the image's bytes. Raises OSError."""
        return self.source() if callable(self.source) else Path(self.source).read_bytes()


@dataclass(frozen=True)
class TrainingData:
    """The rows a training may see: train and valid. A test row is refused with ValueError."""

    classes: list[str]
    rows: list[Row]

    def __post_init__(self):
        for row in self.rows:
            if row.split not in ("train", "valid"):
                raise ValueError(
                    f"Training sees no {row.split!r} row ({row.sha256[:12]}), only train and valid."
                )
            if not 0 <= row.label < len(self.classes):
                raise ValueError(
                    f"Row {row.sha256[:12]} has label {row.label} of {len(self.classes)} classes."
                )
            if row.target is not None and not _is_distribution(row.target, len(self.classes)):
                raise ValueError(
                    f"Row {row.sha256[:12]} has a soft label that is no distribution over"
                    f" {len(self.classes)} classes: {row.target}."
                )

    @property
    def train(self) -> list[Row]:
        """The rows whose labels fit the model."""
        return [row for row in self.rows if row.split == "train"]

    @property
    def valid(self) -> list[Row]:
        """The rows that choose between epochs and settings."""
        return [row for row in self.rows if row.split == "valid"]

    def fingerprint(self) -> str:
        """Return a sha256 over classes and rows in order; equal data has an equal fingerprint."""
        digest = hashlib.sha256("\0".join(self.classes).encode())
        for row in self.rows:
            soft = "" if row.target is None else f" {row.target}"
            digest.update(f"\n{row.sha256} {row.label} {row.split} {row.group}{soft}".encode())
        return digest.hexdigest()


def _is_distribution(target: tuple[float, ...], n_classes: int) -> bool:
    whole = math.isclose(sum(target), 1, abs_tol=1e-3)
    return len(target) == n_classes and min(target) >= 0 and whole


@dataclass(frozen=True)
class TrainedModel:
    """A finished training: the artifact's folder, its meta.json as read, and how it went.

    `history` has a dict per epoch (epoch, train_loss, valid_loss, valid_accuracy; epoch 0 is the
    probe);
    `summary` says what was chosen and how (l2, folds, best epoch, cross-validated accuracy).
    `suspects` are labels of the train rows, by their place, that are probably wrong.
    """

    folder: Path
    meta: dict
    history: list[dict] = field(default_factory=list)
    summary: dict = field(default_factory=dict)
    suspects: list[Suspect] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """The exported model's answers on held-out rows.

    `metrics` is evaluate.metrics' dict; `probabilities` is float32 [n, classes] and
    `labels` int64 [n], in the order of `sha256s`.
    """

    metrics: dict
    sha256s: list[str]
    labels: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One try of a search: the settings it drew, and how they did on validation.

    `loss` is the mean log loss, None where it has none; `steps` are the losses after each epoch so
    far, of a probe the means over the folds so far. `state` is "running", "finished", "pruned"
    (stopped early, as others did better by then or the time was up) or "failed" (`cause` says why).
    """

    number: int
    params: dict
    state: str = "running"
    loss: float | None = None
    accuracy: float | None = None
    steps: tuple[float, ...] = ()
    seconds: float = 0.0
    cause: str = ""


class Notebook(Protocol):
    """Where a search writes its trials down, so that another worker can go on with them."""

    def trials(self) -> list[Trial]:
        """All trials written so far, by their number."""

    def write(self, trial: Trial) -> None:
        """Keep a trial; one of the same number is replaced."""

    def turn_is_over(self) -> bool:
        """Whether somebody else waits for this worker."""


class Pages:
    """A notebook in memory, for who searches alone."""

    def __init__(self):
        self._written: dict[int, Trial] = {}

    def trials(self) -> list[Trial]:
        return [self._written[number] for number in sorted(self._written)]

    def write(self, trial: Trial) -> None:
        self._written[trial.number] = trial

    def turn_is_over(self) -> bool:
        return False


@dataclass(frozen=True)
class Beside:
    """What some methods need beside data and settings.

    `models` are the folders of other model versions by their id, `notebook` keeps the trials of a
    search, `networks` are the backbones it may use. `devices` may share a fine-tuning; 0: all GPUs.
    """

    models: dict[str, Path] = field(default_factory=dict)
    notebook: Notebook = field(default_factory=Pages)
    networks: tuple[str, ...] = ()
    devices: int = 0
