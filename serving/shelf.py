"""The loaded graphs, by hash: endpoints with the same artifact share one in memory.

A graph that no endpoint holds any more is dropped. This is where a limit on memory belongs.
"""

import threading
from collections.abc import Callable
from weakref import WeakValueDictionary

from serving.runtimes import Runtime


class Shelf:
    """Safe to use from several threads; the same graph is loaded once."""

    def __init__(self):
        self._runtimes: WeakValueDictionary[str, Runtime] = WeakValueDictionary()
        self._locks: dict[str, threading.Lock] = {}

    def take(self, sha256: str, load: Callable[[], Runtime]) -> Runtime:
        """Return the runtime of a graph, calling `load` if nobody holds it."""
        with self._locks.setdefault(sha256, threading.Lock()):
            runtime = self._runtimes.get(sha256)
            if runtime is None:
                runtime = self._runtimes[sha256] = load()
            return runtime

    def __len__(self) -> int:
        return len(self._runtimes)
