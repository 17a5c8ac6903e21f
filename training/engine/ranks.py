"""What the processes that train one network together agree on; a process alone agrees with itself.

A step's batch is cut into micro-batches, which are dealt to the processes (“ranks”), and their
gradients are added up. So N ranks do what one process does that works through the same
micro-batches one after another, up to the order in which numbers are added.
"""

from collections.abc import Callable, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from training.engine.errors import Stopped


class Alone:
    """One process: everything stays as it is."""

    rank, count, leads = 0, 1, True

    def wait(self) -> None:
        """Go on when all ranks have come so far."""

    def leader_says(self, question: Callable[[], bool]) -> bool:
        """Return what the first rank finds; only there it is asked."""
        return question()

    def leader_finds(self, figures: Callable[[], Sequence[float]], n: int) -> tuple[float, ...]:
        """Return `n` numbers that the first rank computes. Raises Stopped where it did."""
        return tuple(figures())

    def mine(self, model: nn.Module, parts: list[slice]) -> list[slice]:
        """Begin a step and return the micro-batches that this rank works through."""
        return parts

    def ran_out(self, here: bool) -> bool:
        """Return whether memory ran out on any rank; the step is undone then."""
        return here

    def added_up(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Add up gradients, in place, and the loss of all ranks, and return the latter."""
        return loss


class Together:
    """The ranks of torch.distributed's default group, which must exist."""

    def __init__(self):
        self.rank, self.count = dist.get_rank(), dist.get_world_size()
        self.norms: list[Norm] = []

    @property
    def leads(self) -> bool:
        """Whether this rank evaluates, reports and writes."""
        return self.rank == 0

    def wait(self) -> None:
        """See Alone."""
        self._told(torch.zeros(1))

    def leader_says(self, question: Callable[[], bool]) -> bool:
        """See Alone."""
        return bool(self._told(torch.tensor([float(self.leads and question())])).item())

    def leader_finds(self, figures: Callable[[], Sequence[float]], n: int) -> tuple[float, ...]:
        """See Alone."""
        told = torch.zeros(n + 1, dtype=torch.float64)
        if self.leads:
            try:
                told[1:] = torch.tensor(tuple(figures()), dtype=torch.float64)
            except Stopped:
                told[0] = 1
        stopped, *found = self._told(told).tolist()
        if stopped:
            raise Stopped
        return tuple(found)

    def mine(self, model: nn.Module, parts: list[slice]) -> list[slice]:
        """See Alone. Neighbouring ones, so that their order is that of one process."""
        n = len(parts)
        first, end = n * self.rank // self.count, n * (self.rank + 1) // self.count
        norms = [one for one in model.modules() if isinstance(one, _BatchNorm)]
        moving = [one for one in norms if one.training and one.track_running_stats]
        self.norms = [Norm(one, end - first, n - end, n) for one in moving]
        return parts[first:end]

    def ran_out(self, here: bool) -> bool:
        """See Alone."""
        flag = torch.tensor([float(here)])
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        if flag.item():
            for norm in self.norms:
                norm.undo()
        return bool(flag.item())

    @torch.no_grad()
    def added_up(self, loss: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
        """See Alone. The statistics of batch-norms are brought together on the way."""
        for parameter in parameters:
            if parameter.grad is None:  # no micro-batch fell to this rank
                parameter.grad = torch.zeros_like(parameter)
        shares = [share for norm in self.norms for share in norm.shares()]
        sums = [loss.clone(), *(parameter.grad for parameter in parameters), *shares]
        flat = torch.cat([one.reshape(-1) for one in sums])
        dist.all_reduce(flat)
        for one, added in zip(sums, flat.split([one.numel() for one in sums]), strict=True):
            one.copy_(added.view(one.shape))
        for place, norm in enumerate(self.norms):
            norm.take(*shares[2 * place : 2 * place + 2])
        return sums[0]

    def _told(self, numbers: Tensor) -> Tensor:
        dist.broadcast(numbers, src=0)
        return numbers


class Norm:
    """The running statistics of one batch-norm over one step.

    Each micro-batch moves them by s <- keep * s + (1 - keep) * its own, so after all of them they
    are keep^all * s plus, of each rank, what its micro-batches added, times keep for every
    micro-batch that comes after them.
    """

    def __init__(self, module: _BatchNorm, mine: int, after: int, in_all: int):
        self.module, self.keep = module, 1 - module.momentum
        self.counts = mine, after, in_all
        self.before = [one.clone() for one in self._statistics()]
        self.seen = module.num_batches_tracked.clone()

    def _statistics(self) -> tuple[Tensor, Tensor]:
        return self.module.running_mean, self.module.running_var

    def undo(self) -> None:
        """Put back what was before the step."""
        self._put(self.before, 0)

    def shares(self) -> list[Tensor]:
        """What this rank adds to the mean and the variance."""
        mine, after, _in_all = self.counts
        pairs = zip(self._statistics(), self.before, strict=True)
        return [self.keep**after * (now - self.keep**mine * before) for now, before in pairs]

    def take(self, *sums: Tensor) -> None:
        """Put what all ranks together make of them."""
        in_all = self.counts[-1]
        kept = [self.keep**in_all * before for before in self.before]
        self._put([one + added for one, added in zip(kept, sums, strict=True)], in_all)

    def _put(self, values: Sequence[Tensor], batches: int) -> None:
        for now, value in zip(self._statistics(), values, strict=True):
            now.copy_(value)
        self.module.num_batches_tracked.copy_(self.seen + batches)
