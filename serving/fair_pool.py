"""Threads that carry out work for tenants in turns: nobody's queue makes another's work wait."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from serving.turns import Turns


class FairPool:
    """Like an executor whose `submit` names whom the work is for."""

    def __init__(self, threads: int, name: str):
        self.waiting = Turns()
        self._changed = threading.Condition()
        self._closing = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def submit(self, owner, work: Callable, *arguments) -> Future:
        future = Future()
        with self._changed:
            self.waiting.add(owner, (future, work, arguments))
            self._changed.notify()
        return future

    def stop(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _work(self) -> None:
        while taken := self._take():
            future, work, arguments = taken
            try:
                future.set_result(work(*arguments))
            except BaseException as error:
                future.set_exception(error)
            del taken, future, work, arguments  # what they hold may be large

    def _take(self) -> tuple | None:
        with self._changed:
            while not self.waiting and not self._closing:
                self._changed.wait()
            return None if self._closing else self.waiting.take()
