"""The fine-tuning loop.

Every random choice (order, crops, dropout) is drawn from (seed, epoch, step), so a checkpoint
needs no generator state and a run that was killed and resumed on the same machine ends bit for bit
like an unbroken one. Where several ranks train together, each draws the same batch; the first one
alone evaluates, reports, stops and writes checkpoints, from which all go on.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from training.engine import checkpoint, device, evaluate, optimiser
from training.engine.ahead import made_ahead
from training.engine.batches import ActivationBatches, ImageBatches
from training.engine.errors import Stopped, TrainingFailed, gettext_noop
from training.engine.progress import Pace, Progress
from training.engine.ranks import Alone, Together
from training.engine.state import Settings, State
from training.engine.step import Step, order_of

CHECKPOINT_EVERY = 50  # steps, and at the end of an epoch
CHECKPOINT_SECONDS = {"cpu": 0, "cuda": 30}  # at least apart: a GPU does in 1 s what a write takes
SCORE_BATCH = {"cpu": 32, "cuda": 128}
LOOK_EVERY = {"cpu": 1, "cuda": 10}  # steps; a look at the loss makes the GPU wait


class Fit:
    """One training of `parameters` (and `statistics`, the batch-norm buffers that may move) of
    `model`.

    `model` maps what the batches give to logits; `train_mode()` sets its modules' modes for a step;
    `factor_of(name)` is a parameter's learning rate over the one in `settings`.
    """

    def __init__(
        self,
        model: nn.Module,
        train: ImageBatches | ActivationBatches,
        valid: ImageBatches | ActivationBatches,
        settings: Settings,
        *,
        parameters: dict[str, nn.Parameter],
        statistics: dict[str, torch.Tensor],
        train_mode: Callable[[], None],
        factor_of: Callable[[str], float],
        file: Path,
        identity: str,
        progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
        ranks: Alone | Together = Alone(),  # noqa: B008, it has no state
    ):
        self.ranks = ranks
        self.model, self.train, self.valid, self.settings = model, train, valid, settings
        self.parameters, self.moving, self.train_mode = (
            parameters,
            {**parameters, **statistics},
            train_mode,
        )
        self.file, self.progress, self.should_stop = file, progress, should_stop
        self.device = next(iter(parameters.values())).device
        trained = {id(parameter) for parameter in parameters.values()}
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in trained)
        self.optimiser = optimiser.adamw(
            parameters,
            learning_rate=settings.learning_rate,
            factor_of=factor_of,
            weight_decay=settings.weight_decay,
        )
        self.steps = math.ceil(len(train) / settings.batch_size)
        self.step = Step(
            device.compiled(model, self.device, settings.epochs * self.steps, settings.compile),
            self.optimiser,
            settings,
            self.device,
            labels=train.labels.numpy(),
            ranks=ranks,
        )
        self.state, self.saved_at = State(identity), time.monotonic()
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        self.average = {name: value.detach().clone() for name, value in self.moving.items()}
        self.best = {name: value.clone() for name, value in self.average.items()}

    def run(self) -> State:
        """Train to the end and leave the best weights in the model. Raises Stopped and
        TrainingFailed."""
        self._resume()
        self.ranks.wait()  # nobody writes a checkpoint that another still reads
        self.pace = Pace(self.settings.epochs * self.steps, already_done=self._done())
        if not self.state.history:
            self._close_epoch(0, train_loss=None)
        while self.state.epoch <= self.settings.epochs and self._patience_left() > 0:
            self._train_epoch()
            self._close_epoch(self.state.epoch, train_loss=self.state.loss_sum / len(self.train))
            self.state.epoch, self.state.step, self.state.loss_sum = self.state.epoch + 1, 0, 0.0
            if self._is_due():
                self.save()
        self._put(self.best)
        return self.state

    def _train_epoch(self) -> None:
        state = self.state
        order = order_of(self.train.labels.numpy(), self.settings, state.epoch)
        self.loss_sum = torch.tensor(state.loss_sum, dtype=torch.float64, device=self.device)
        coming = range(state.step, self.steps)
        for targets, *views in made_ahead(partial(self._batch, order), coming, self.device):
            if self.ranks.leader_says(self.should_stop):
                self._look()
                self.save()
                raise Stopped
            self._train_step(self.train.finished(*views), targets)
            state.step += 1
            if state.step % LOOK_EVERY[self.device.type] == 0 or state.step == self.steps:
                self._look()
                self._report()
            if state.step % CHECKPOINT_EVERY == 0 and self._is_due():
                self._look()
                self.save()

    def _batch(self, order: np.ndarray, step: int) -> tuple[torch.Tensor, ...]:
        """Return a step's targets and unfinished views, drawn from (seed, epoch, step) alone."""
        size = self.settings.batch_size
        indices = order[step * size : (step + 1) * size]
        rng = np.random.default_rng([self.settings.seed, self.state.epoch, step + 1])
        return self.train.targets[indices], *self.train.augmented(indices, rng)

    def _train_step(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        state = self.state
        rng = np.random.default_rng([self.settings.seed, state.epoch, state.step + 1, 1])
        torch.manual_seed(int(rng.integers(2**31)) + self.ranks.rank)  # dropout differs by rank
        self._set_learning_rate()
        self.train_mode()
        loss = self.step.take(inputs, targets, rng)
        self.loss_sum += loss.double() * len(inputs)
        keep = optimiser.kept_of_average(self._done() + 1, self.settings.ema)
        optimiser.follow(self.average, self.moving, keep)

    def _look(self) -> None:
        """Fetch the sum of the losses from the device. Raises TrainingFailed if it is no number."""
        self.state.loss_sum = float(self.loss_sum)
        if not math.isfinite(self.state.loss_sum):
            raise TrainingFailed(
                gettext_noop("The loss became infinite in epoch %(epoch)d."),
                gettext_noop("Lower the learning rate, a tenth of it is a good next try."),
                epoch=self.state.epoch,
            )

    def _set_learning_rate(self) -> None:
        factor = optimiser.learning_rate_factor(
            self._done(), self.settings.epochs * self.steps, self.settings.warm_up
        )
        for group in self.optimiser.param_groups:
            group["lr"] = group["base"] * factor

    def _close_epoch(self, epoch: int, *, train_loss: float | None) -> None:
        """Score the averaged weights on the validation rows and keep them if they are the best so
        far."""
        raw = {name: value.detach().clone() for name, value in self.moving.items()}
        self._put(self.average)
        try:
            heat, loss, accuracy = self.ranks.leader_finds(self._judged, 3)
        except Stopped:
            self._put(raw)
            self.save()
            raise
        self._put(raw)
        state = self.state
        state.history.append(
            {
                "epoch": epoch,
                "train_loss": train_loss,
                "valid_loss": loss,
                "valid_accuracy": accuracy,
            }
        )
        if loss < state.best_loss and (epoch > 0 or self.settings.start_is_candidate):
            state.best_epoch, state.best_loss, state.best_temperature = epoch, loss, heat
            self.best = {name: value.clone() for name, value in self.average.items()}
        self._report(closed=epoch)

    def _judged(self) -> tuple[float, float, float]:
        """The temperature, log loss and accuracy of the model on the validation rows."""
        logits, labels = self._valid_logits(), self.valid.labels.numpy()
        heat = evaluate.temperature(logits, labels)
        loss = evaluate.log_loss(logits / heat, labels)
        return heat, loss, float((logits.argmax(1) == labels).mean())

    def _valid_logits(self) -> np.ndarray:
        self.model.eval()
        parts = []
        with torch.no_grad(), device.autocast(self.device):
            size = SCORE_BATCH[self.device.type]
            for at in range(0, len(self.valid), size):
                if self.should_stop():
                    raise Stopped
                inputs = self.valid.held_out(np.arange(at, min(at + size, len(self.valid))))
                logits = device.in_parts(self.model, inputs.to(self.device))
                parts.append(logits.float().cpu().numpy())
        return np.concatenate(parts).astype(np.float64)

    def _report(self, *, closed: int | None = None) -> None:
        last = self.state.history[-1] if self.state.history else {}
        seen = self.state.step * self.settings.batch_size
        losses = {name: last.get(name) for name in ("valid_loss", "valid_accuracy")}
        mean = self.state.loss_sum / min(seen, len(self.train)) if seen else last.get("train_loss")
        pace = self.pace.at(self._done())
        pace["items_per_second"] *= self.settings.batch_size
        self.progress(
            Progress(
                "training",
                self._done(),
                self.settings.epochs * self.steps,
                self.state.epoch,
                self.settings.epochs,
                mean,
                closed_epoch=closed,
                best_epoch=max(self.state.best_epoch, 0),
                patience_left=self._patience_left(),
                message=self.step.note,
                **losses,
                **pace,
            )
        )

    def _done(self) -> int:
        return (self.state.epoch - 1) * self.steps + self.state.step

    def _patience_left(self) -> int:
        finished = self.state.history[-1]["epoch"] if self.state.history else 0
        return self.settings.patience - (finished - max(self.state.best_epoch, 0))

    @torch.no_grad()
    def _put(self, values: dict[str, torch.Tensor]) -> None:
        for name, value in self.moving.items():
            value.copy_(values[name])

    def _is_due(self) -> bool:
        return time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS[self.device.type]

    def save(self) -> None:
        """Write the checkpoint, where this rank is the one that does."""
        self.saved_at = time.monotonic()
        if not self.ranks.leads:
            return
        kinds = {"model": self.moving, "average": self.average, "best": self.best}
        tensors = {
            f"{kind}.{name}": value
            for kind, values in kinds.items()
            for name, value in values.items()
        }
        moments = optimiser.state_tensors(self.optimiser, self.parameters)
        checkpoint.write(self.file, tensors | moments, asdict(self.state))

    def _resume(self) -> None:
        """Continue from this run's checkpoint, if there is one."""
        found = checkpoint.read(self.file, identity=self.state.identity)
        if found is None:
            return
        tensors, state = found
        self.state = State(**state)
        self._put({name: tensors[f"model.{name}"] for name in self.moving})
        moving = self.moving.items()
        self.average, self.best = (
            {name: like.detach().clone().copy_(tensors[f"{kind}.{name}"]) for name, like in moving}
            for kind in ("average", "best")
        )
        optimiser.load_state_tensors(self.optimiser, self.parameters, tensors)


def finished(file: Path, identity: str, moving: dict[str, torch.Tensor]) -> State:
    """Put the best weights of a training that ended elsewhere into `moving`, from its checkpoint.

    Raises FileNotFoundError where that is not there, or another training's.
    """
    found = checkpoint.read(file, identity=identity)
    if found is None:
        raise FileNotFoundError(f"{file} is not the checkpoint of this training.")
    tensors, state = found
    with torch.no_grad():
        for name, value in moving.items():
            value.copy_(tensors[f"best.{name}"])
    return State(**state)
