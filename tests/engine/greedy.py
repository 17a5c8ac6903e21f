"""Takes steps on two ranks of which the second finds no memory for more than two rows at first:
python -m torch.distributed.run --nproc-per-node=2 --module tests.engine.greedy FOLDER."""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from training.engine.ranks import Alone, Together
from training.engine.state import Settings
from training.engine.step import Step


class Greedy(nn.Module):
    """A batch-norm and a layer; `most` rows go through at once."""

    def __init__(self, most: int):
        super().__init__()
        torch.manual_seed(0)
        self.norm, self.last, self.most = nn.BatchNorm1d(5), nn.Linear(5, 3), most

    def forward(self, rows):
        seen = self.last(self.norm(rows))
        if len(rows) > self.most:
            raise torch.OutOfMemoryError
        return seen


def stepped(model, ranks, **changes) -> dict:
    """Three steps of ten rows; the last has one alone, so one rank has nothing to do."""
    plain = {"epochs": 1, "learning_rate": 0.1, "batch_size": 10, "weight_decay": 0.0}
    plain |= {"label_smoothing": 0.0, "patience": 1, "seed": 0, "n_classes": 3}
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    where = torch.device("cpu")
    settings = Settings(**plain | changes)
    step = Step(model, optimiser, settings, where, labels=np.arange(3), ranks=ranks)
    rng = np.random.default_rng(1)
    for n in (10, 10, 2):
        rows = torch.from_numpy(rng.normal(size=(n, 5)).astype(np.float32))
        step.take(rows, torch.from_numpy(rng.integers(0, 3, n)), rng)
    return {**model.state_dict(), "micro_batch": torch.tensor(step.micro_batch)}


def main(folder: Path) -> None:
    dist.init_process_group("gloo")
    ranks = Together()
    found = stepped(Greedy(most=2 if ranks.rank else 100), ranks)
    torch.save(found, folder / f"{ranks.rank}.pt")
    if ranks.leads:
        torch.save(stepped(Greedy(most=100), Alone(), micro_batch=2), folder / "alone.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
