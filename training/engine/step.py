"""One step of a fine-tuning: forward, loss, backward, update; in parts where memory is short."""

import math

import numpy as np
import torch
from torch import Tensor, nn

from training.engine import device
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.ranks import Alone, Together
from training.engine.state import Settings

PARTED = gettext_noop("Memory ran out: a batch is worked through in smaller parts, as one step.")


class Step:
    """Takes steps of `optimiser` on `model` (inputs [b, ...] to logits [b, classes]).

    `labels` int [n] are those of the whole training set, for the weights of the classes where
    they are to be balanced so. `micro_batch` is how many rows go through the
    network at once; where memory runs out it is halved and the step begun again. Gradients of the
    parts add up, so the effective batch stays what it was (batch-norm alone sees smaller ones).
    Where several `ranks` train, the parts are dealt to them, one at least to each.
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        settings: Settings,
        where: torch.device,
        *,
        labels: np.ndarray,
        ranks: Alone | Together = Alone(),  # noqa: B008, it has no state
    ):
        self.model, self.optimiser, self.settings, self.device = model, optimiser, settings, where
        self.ranks = ranks
        self.parameters = [one for group in optimiser.param_groups for one in group["params"]]
        self.class_weights = None
        if settings.balance == "weights":
            self.class_weights = class_weights(labels, settings.n_classes).to(where)
        share = math.ceil(settings.batch_size / ranks.count)
        self.micro_batch = min(settings.micro_batch or share, share)
        self.note = ""  # what happened that people should know, as a template to translate

    def take(self, inputs: Tensor, targets: Tensor, rng: np.random.Generator) -> Tensor:
        """Take one step and return the mean loss, a scalar still on the device.

        `targets` is int64 [b], or float [b, classes] for soft labels. Raises TrainingFailed when
        not even one row fits into memory.
        """
        if self.settings.mixup:
            inputs, targets = self._mixed(inputs, targets, rng)
        while True:
            try:
                loss = self._accumulate(inputs, targets)
            except torch.OutOfMemoryError:
                loss = None
            if self.ranks.ran_out(loss is None):
                self._halve()
                continue
            loss = self.ranks.added_up(loss, self.parameters)
            self.optimiser.step()
            return loss

    def _accumulate(self, inputs, targets) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        starts = range(0, len(inputs), self.micro_batch)
        parts = [slice(at, at + self.micro_batch) for at in starts]
        for part in self.ranks.mine(self.model, parts):
            with device.autocast(self.device):
                logits = self.model(inputs[part])
            loss = self._loss(logits.float(), targets[part]) / len(inputs)
            loss.backward()
            total += loss.detach()
        return total

    def _loss(self, logits, targets) -> Tensor:
        """Cross-entropy summed over the rows, smoothed and weighted by class."""
        return nn.functional.cross_entropy(
            logits,
            targets,
            weight=self.class_weights,
            label_smoothing=self.settings.label_smoothing,
            reduction="sum",
        )

    def _mixed(self, inputs, targets, rng) -> tuple[Tensor, Tensor]:
        """Blend each row and its label with another row's (MixUp: Zhang et al., ICLR 2018)."""
        share = float(rng.beta(self.settings.mixup, self.settings.mixup))
        other = torch.from_numpy(rng.permutation(len(inputs))).to(inputs.device)
        targets = one_hot(targets, self.settings.n_classes)
        blended = inputs.float().lerp(inputs[other].float(), 1 - share)
        return blended, targets.lerp(targets[other], 1 - share)

    def _halve(self) -> None:
        if self.micro_batch == 1:
            raise TrainingFailed(
                gettext_noop("Not even one image at a time fits into the memory."),
                gettext_noop("Choose a smaller network, or train less of it."),
            )
        self.micro_batch = (self.micro_batch + 1) // 2
        self.note = PARTED
        self.optimiser.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()


def one_hot(targets: Tensor, n_classes: int) -> Tensor:
    """Return labels as probabilities float32 [n, classes]; soft ones as they are."""
    if targets.ndim == 2:
        return targets
    return nn.functional.one_hot(targets, n_classes).float()


def class_weights(labels: np.ndarray, n_classes: int) -> Tensor:
    """Return n / (classes * n_k) for each class k, float32 [classes]: rare classes count more.

    The mean over the rows is 1, so the loss keeps its scale. `labels` int [n].
    """
    counts = np.bincount(labels, minlength=n_classes)
    return torch.from_numpy((len(labels) / (n_classes * np.maximum(counts, 1))).astype(np.float32))


def order_of(labels: np.ndarray, settings: Settings, epoch: int) -> np.ndarray:
    """Return which rows an epoch goes through, int [n], drawn from (seed, epoch).

    Balanced sampling draws as many with replacement, every class as likely as any other.
    """
    rng = np.random.default_rng([settings.seed, epoch])
    if settings.balance != "sampling":
        return rng.permutation(len(labels))
    counts = np.bincount(labels)
    chances = 1 / counts[labels]
    return rng.choice(len(labels), size=len(labels), p=chances / chances.sum())
