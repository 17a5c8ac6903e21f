"""Which device trains, with how many threads and in which precision."""

import contextlib
import os
import platform

import torch

from training.engine.graph import thread_count

LEAST_ROWS = 8  # of a batch on each device: batch-norm averages over what a device sees
COMPILE_FROM_STEPS = 12_000  # fewer do not win back the 80 s that compiling takes


def choose(wanted: str = "auto") -> torch.device:
    """Return the device: "cpu", "cuda" (or "cuda:1"), or with "auto" CUDA where there is one."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def limit_threads() -> int:
    """Hold torch to thread_count() threads in this process and return the number."""
    if torch.get_num_threads() != thread_count():
        torch.set_num_threads(thread_count())
    return thread_count()


def autocast(device: torch.device):
    """Return the context for forward passes: bfloat16 on a GPU that has it, float32 elsewhere.

    On CPUs without AMX bfloat16 was measured 20 to 30 times slower, so it is never used there.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return contextlib.nullcontext()


def decoders(device: torch.device) -> int:
    """How many threads decode images: beside a GPU half of the cores, else the one that asks."""
    return max(1, (os.cpu_count() or 1) // 2) if device.type == "cuda" else 1


def taking_part(wanted: int, batch_size: int) -> int:
    """Return how many devices share a training: `wanted`, with 0 all GPUs there are, and no more
    than there are; as many as leave LEAST_ROWS of each batch to a device. On a CPU the devices are
    processes, and 0 means one."""
    there = torch.cuda.device_count() if choose().type == "cuda" else max(1, wanted)
    return max(1, min(wanted or there, there, batch_size // LEAST_ROWS))


def in_parts(forward, inputs: torch.Tensor) -> torch.Tensor:
    """Return `forward(inputs)` of rows [n, ...]; where memory runs out, of halves of them."""
    try:
        return forward(inputs)
    except torch.OutOfMemoryError:
        if len(inputs) == 1:
            raise
    torch.cuda.empty_cache()
    halves = inputs.split((len(inputs) + 1) // 2)
    return torch.cat([in_parts(forward, half) for half in halves])


def compiled(model: torch.nn.Module, device: torch.device, steps: int, wanted: str = "auto"):
    """Return `model` compiled where that pays: on a GPU, for a training of many steps.

    `wanted` "always" or "never" overrules. It shares the model's parameters. Measured with
    ResNet-50 on an H100: 80 s of compiling, then 1.3 times as many images a second.
    """
    pays = device.type == "cuda" and steps >= COMPILE_FROM_STEPS
    return torch.compile(model) if wanted == "always" or (wanted == "auto" and pays) else model


def describe(device: torch.device) -> dict:
    """Return the device as plain data for a run's manifest."""
    name = (
        torch.cuda.get_device_name(device)
        if device.type == "cuda"
        else platform.processor() or platform.machine()
    )
    return {
        "type": device.type,
        "name": name,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
    }
