"""The task types Lepton knows: a Protocol and a dict of dotted paths. No torch on import."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np

from training.task_types.data import (
    Beside,
    Evaluation,
    Progress,
    Row,
    TrainedModel,
    TrainingData,
)

TASK_TYPES = {"image_classification": "training.task_types.image_classification"}


class TaskType(Protocol):
    """What a task type module offers."""

    def train(
        self,
        data: TrainingData,
        params: object,
        *,
        method: str,
        work_dir: Path,
        weights_dir: Path,
        cache_dir: Path,
        pretrained: bool,
        progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
        beside: Beside | None = None,
    ) -> TrainedModel:
        """Train, or resume from `work_dir`'s checkpoint. Raises TrainingFailed or Stopped."""

    def evaluate(
        self,
        trained_or_folder: TrainedModel | Path,
        rows: list[Row],
        progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
        *,
        cache_dir: Path | None = None,
    ) -> Evaluation:
        """Ask the exported model about held-out rows; what does not depend on labels may be kept in
        `cache_dir`. Raises TrainingFailed, ArtifactCorrupt or Stopped."""

    def kept_features(self, meta: dict, rows: list[Row], cache_dir: Path) -> dict[int, np.ndarray]:
        """What was computed of rows on the way, by their place: for finding rows that are alike."""

    def evaluation_input(self, data: bytes) -> object:
        """The transform of held-out rows and requests. Raises UnreadableImage."""


def get(name: str) -> TaskType:
    """Load the task type called `name` (this imports torch). Raises KeyError."""
    return import_module(TASK_TYPES[name])
