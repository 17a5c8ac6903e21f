"""How busy the worker threads are: what replicas are added and taken away by."""

import threading
import time
from collections import deque

from serving import metrics

WINDOW_SECONDS = 15.0


class Utilisation:
    """Counts the busy seconds of `workers` threads; `share` is that of the last seconds."""

    def __init__(self, workers: int):
        self.workers, self._lock = workers, threading.Lock()
        self._done: deque[tuple[float, float]] = deque()  # when a batch ended, what it took
        self._since: dict[int, float] = {}  # when each thread began what it works on now

    def begin(self) -> None:
        """The calling thread begins a batch."""
        with self._lock:
            self._since[threading.get_ident()] = time.monotonic()

    def end(self) -> None:
        """The calling thread is done with it."""
        with self._lock:
            now = time.monotonic()
            took = now - self._since.pop(threading.get_ident())
            self._done.append((now, took))
        metrics.BUSY.inc(took)

    def share(self) -> float:
        """From 0 to 1; what is under way counts as far as it went."""
        now = time.monotonic()
        with self._lock:
            while self._done and self._done[0][0] < now - WINDOW_SECONDS:
                self._done.popleft()
            spans = [(end - took, end) for end, took in self._done]
            spans += [(began, now) for began in self._since.values()]
        busy = sum(end - max(began, now - WINDOW_SECONDS) for began, end in spans)
        return min(1.0, busy / (WINDOW_SECONDS * self.workers))
