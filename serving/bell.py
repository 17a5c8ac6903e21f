"""Wakes whoever fell asleep last: what that thread works with is still in the caches."""

import threading


class Bell:
    """A lock to hold while looking for work, and a way to sleep until there is some.

    Like threading.Condition, which wakes whoever slept longest.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._asleep: list[threading.Lock] = []

    def __enter__(self):
        self._lock.acquire()

    def __exit__(self, *error):
        self._lock.release()

    def sleep(self) -> None:
        """Let go of the lock until somebody rings, and take it again."""
        gate = threading.Lock()
        gate.acquire()
        self._asleep.append(gate)
        self._lock.release()
        gate.acquire()
        self._lock.acquire()

    def ring(self, times: int = 1) -> None:
        """Wake so many, or all who sleep if they are fewer; the lock must be held."""
        for _sleeper in range(min(times, len(self._asleep))):
            self._asleep.pop().release()
