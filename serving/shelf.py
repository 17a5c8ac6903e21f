"""The graphs in memory, by hash: endpoints with the same graph share it.

Backbones that many versions share stay for as long as any of them is known. All others take turns
in what memory is granted: who needs room takes it from whoever holds most, never from what is just
answering, and what nobody asked for lately goes first.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from weakref import WeakValueDictionary

import numpy as np

from serving import metrics
from serving.runtimes import Runtime

QUIET_SECONDS = 600.0  # what nobody asked for so long is the first to go
Opened = tuple[Runtime, np.ndarray]  # with what it answers to a black image


class NoRoom(Exception):
    """All the memory for graphs is in use at this moment."""


class Shelved:
    """A graph that is in memory, or can be brought there; it runs like any Runtime."""

    batches, batch_at_most = False, 1  # until it was seen

    def __init__(self, shelf: "Shelf", owner, size_bytes: int, stays: bool):
        self.shelf, self.owner, self.size_bytes, self.stays = shelf, owner, size_bytes, stays
        self.open: Callable[[], Opened] | None = None
        self.runtime: Runtime | None = None
        self.sample: np.ndarray | None = None
        self.has_room = False  # its bytes count, from before it is opened
        self.coming: Future | None = None  # who waits for it shares one loading
        self.lock = threading.Lock()
        self.used_at = time.monotonic()

    def run(self, images: np.ndarray) -> np.ndarray:
        self.used_at = time.monotonic()
        return self._ready().run(images)

    def evidence(self, image: np.ndarray) -> np.ndarray | None:
        return self._ready().evidence(image)

    def _ready(self) -> Runtime:
        """Taken away between question and answer, which is rare: then it is opened here."""
        return self.runtime or self.shelf.bring(self)


class Shelf:
    """Safe to use from several threads; `is_busy(graph)` says what must not be taken away."""

    def __init__(
        self, most_bytes: int, *, is_busy: Callable[[Shelved], bool] = lambda graph: False
    ):
        self.most_bytes, self.is_busy = most_bytes, is_busy
        self.load_seconds = 1.0  # how long the last one took
        self._known: WeakValueDictionary[str, Shelved] = WeakValueDictionary()
        self._lock = threading.Lock()

    def place(
        self, sha256: str, open_it: Callable[[], Opened], *, owner=None, size_bytes=0, stays=False
    ) -> Shelved:
        """Return the graph of that hash, known or new; nothing is loaded by it."""
        with self._lock:
            graph = self._known.get(sha256)
            if graph is None:
                graph = self._known[sha256] = Shelved(self, owner, size_bytes, stays)
            graph.open = open_it  # the newest way: an older one's files may be gone
            return graph

    def bring(self, graph: Shelved) -> Runtime:
        """Open a graph unless it is open. Raises NoRoom, and whatever opening it does."""
        with graph.lock:
            if graph.runtime is not None:
                return graph.runtime
            self._make_room(graph)
            began = time.monotonic()
            try:
                runtime, graph.sample = graph.open()
            except BaseException:
                graph.has_room = False
                raise
            self.load_seconds = time.monotonic() - began
            metrics.LOAD_SECONDS.observe(self.load_seconds)
            graph.batches, graph.batch_at_most = runtime.batches, runtime.batch_at_most
            graph.used_at, graph.runtime = time.monotonic(), runtime
            return runtime

    def fits(self, graph: Shelved) -> bool:
        """Whether it has room, or gets it without taking the place of another."""
        return graph.stays or graph.has_room or self._fits(graph)

    @property
    def used_bytes(self) -> int:
        """What counts against the granted memory."""
        return sum(graph.size_bytes for graph in self._holders())

    def __len__(self) -> int:
        return sum(graph.runtime is not None for graph in self._alive())

    def _alive(self) -> list[Shelved]:
        """Those some endpoint still knows; other threads may add to them meanwhile."""
        return [graph for ref in self._known.valuerefs() if (graph := ref()) is not None]

    def _holders(self) -> list[Shelved]:
        return [graph for graph in self._alive() if graph.has_room and not graph.stays]

    def _fits(self, graph: Shelved) -> bool:
        """One alone always does, however large."""
        used = self.used_bytes
        return not used or used + graph.size_bytes <= self.most_bytes

    def _make_room(self, graph: Shelved) -> None:
        with self._lock:
            while not graph.stays and not self._fits(graph):
                self._take_away(self._victim(graph.owner))
            graph.has_room = True

    def _victim(self, owner) -> Shelved:
        """What goes for a graph of `owner`: it never takes from one who holds less than it does."""
        holders, held = self._holders(), Counter()
        for one in holders:
            held[one.owner] += one.size_bytes
        free = [one for one in holders if one.runtime is not None and not self.is_busy(one)]
        before = time.monotonic() - QUIET_SECONDS
        quiet = [one for one in free if one.used_at < before]
        fair = [one for one in free if one.owner == owner or held[one.owner] >= held[owner]]
        if not quiet and not fair:
            raise NoRoom
        return min(quiet or fair, key=lambda one: (0 if quiet else -held[one.owner], one.used_at))

    def _take_away(self, graph: Shelved) -> None:
        graph.runtime, graph.has_room = None, False
        metrics.TAKEN_AWAY.inc()
