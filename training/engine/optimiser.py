"""The optimiser of a fine-tuning and its learning rate over time."""

import math
from collections.abc import Callable

import torch
from torch import nn


def learning_rate_factor(done: int, total: int, warm_up: float) -> float:
    """Return the factor of step `done` (from 0): linear warm-up over a share of all steps, then
    half a cosine to 0."""
    warm = max(1, round(total * warm_up))
    if done < warm:
        return (done + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (done - warm) / max(1, total - warm)))


def adamw(
    parameters: dict[str, nn.Parameter],
    *,
    learning_rate: float,
    factor_of: Callable[[str], float],
    weight_decay: float,
) -> torch.optim.AdamW:
    """Return AdamW over named parameters, each at `factor_of(name)` times the learning rate; biases
    and batch-norm scales do not decay.

    Each group keeps its own full rate under "base" for the schedule to multiply.
    """
    groups = {}
    for name, parameter in parameters.items():
        rate = learning_rate * factor_of(name)
        decay = weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": members, "lr": rate, "base": rate, "weight_decay": decay}
            for (rate, decay), members in groups.items()
        ],
        fused=next(iter(parameters.values())).is_cuda,
    )


def state_tensors(
    optimiser: torch.optim.Optimizer, parameters: dict[str, nn.Parameter]
) -> dict[str, torch.Tensor]:
    """Return the optimiser's moments and step counts under "optimiser.<parameter>.<kind>"."""
    return {
        f"optimiser.{name}.{kind}": value
        for name, parameter in parameters.items()
        for kind, value in optimiser.state.get(parameter, {}).items()
    }


@torch.no_grad()
def load_state_tensors(
    optimiser: torch.optim.Optimizer,
    parameters: dict[str, nn.Parameter],
    tensors: dict[str, torch.Tensor],
) -> None:
    """Put back what state_tensors returned; other entries of `tensors` are ignored.

    Moments get the strides of their parameter: a file knows none, and a fused step needs the same.
    """
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            name, kind = key.removeprefix("optimiser.").rsplit(".", 1)
            parameter = parameters[name]
            if kind != "step":
                value = torch.empty_like(parameter).copy_(value)
            elif optimiser.defaults["fused"]:  # else steps are counted on the host
                value = value.to(parameter.device)
            optimiser.state[parameter][kind] = value


def kept_of_average(done: int, ema: float) -> float:
    """Return how much of the averaged weights step `done` (from 1) keeps: `ema`, and less at first,
    so that early epochs count."""
    return min(ema, done / (done + 10))


@torch.no_grad()
def follow(averages: dict[str, torch.Tensor], values: dict[str, torch.Tensor], keep: float) -> None:
    """Move exponential averages towards `values`, in place; counters are copied."""
    floats = [name for name, value in values.items() if value.is_floating_point()]
    torch._foreach_lerp_([averages[n] for n in floats], [values[n] for n in floats], 1 - keep)
    for name in values.keys() - set(floats):
        averages[name].copy_(values[name])
