"""Batches made ahead by threads, so that a GPU never waits for pixels."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch

DEPTH = 4  # batches in the making; NumPy lets go of the interpreter while it copies pixels


def made_ahead(
    make: Callable[[int], tuple[torch.Tensor, ...]],
    steps: Iterable[int],
    where: torch.device,
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Yield `make(step)` for each step, in order, on the device `where`.

    On a CPU each is made when it is asked for: the step itself needs every core there is. What
    `make` draws must depend on the step alone.
    """
    if where.type != "cuda":
        for step in steps:
            yield tuple(part.to(where) for part in make(step))
        return
    waiting, steps = deque(), iter(steps)
    with ThreadPoolExecutor(DEPTH, thread_name_prefix="batches") as threads:
        for step in steps:
            waiting.append(threads.submit(_pinned, make, step))
            if len(waiting) == DEPTH:
                yield _moved(waiting.popleft().result(), where)
        while waiting:
            yield _moved(waiting.popleft().result(), where)


def _pinned(make, step) -> tuple[torch.Tensor, ...]:
    """In memory the GPU can copy from by itself."""
    return tuple(part.pin_memory() for part in make(step))


def _moved(parts, where) -> tuple[torch.Tensor, ...]:
    return tuple(part.to(where, non_blocking=True) for part in parts)
