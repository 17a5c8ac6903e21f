"""What a fine-tuning is told, and where it stands."""

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """How to train; the names are those of FineTuneParams."""

    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float
    label_smoothing: float
    patience: int
    seed: int
    head_factor: float = 3.0  # the head's learning rate over the backbone's
    warm_up: float = 0.1  # share of all steps
    ema: float = 0.98
    start_is_candidate: bool = True  # epoch 0 competes (it is the probe); a random start does not


@dataclass
class State:
    """Where a training stands; with the tensors, all a resume needs."""

    identity: str
    epoch: int = 1  # the epoch being trained
    step: int = 0  # steps done in it
    loss_sum: float = 0.0
    best_epoch: int = -1
    best_loss: float = math.inf
    best_temperature: float = 1.0
    history: list[dict] = field(default_factory=list)
