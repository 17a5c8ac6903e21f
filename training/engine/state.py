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
    n_classes: int
    warm_up: float = 0.1  # share of all steps
    ema: float = 0.98
    mixup: float = 0.0  # alpha of its beta distribution; 0: off
    balance: str = "none"  # "none", "weights" or "sampling"
    micro_batch: int | None = None  # rows that go through the network at once
    compile: str = "auto"  # "auto", "always" or "never"
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
