"""One row of the process table, kept alive: started, restarted after a pause, drained."""

import signal
import time

from .life import Life, describe
from .table import Process

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30
STABLE_SECONDS = 60  # a life this long makes the failures before it forgotten
SILENT_SECONDS = 60  # a process that answers nothing for so long is started anew


class Child:
    """All methods are called by the supervisor's one loop."""

    def __init__(self, process: Process, log, *, fd: int | None = None):
        self.process, self.log, self.fd = process, log, fd
        self.life: Life | None = None
        self.failures = 0
        self.not_before = 0.0
        self.done = False  # a process that runs once has succeeded
        self.announced = False
        self.kill_at: float | None = None  # set once it drains

    def say(self, words: str) -> None:
        self.log(self.process.name, f"* {words}")

    @property
    def ready(self) -> bool:
        return self.done or bool(self.life and self.life.ready.is_set())

    @property
    def pid(self) -> int | None:
        return self.life.pid if self.life else None

    def tick(self, needs_ready: bool) -> None:
        """Look after it once: collect its end, start it when it is time."""
        if self.life:
            self.watch(self.life)
        elif not self.done and needs_ready and time.monotonic() >= self.not_before:
            self.start()

    def start(self) -> None:
        self.announced = False
        try:
            self.life = Life(self.process, self.log, fd=self.fd)
        except Exception as problem:  # a missing program, say: it is said and tried again
            self.fail(f"could not be started: {problem}")

    def watch(self, life: Life) -> None:
        code = life.ended()
        if code is not None:
            self.end(life, code)
        elif life.silent_since and time.monotonic() - life.silent_since > SILENT_SECONDS:
            self.say(f"has not answered for {SILENT_SECONDS} s and is started anew")
            life.silent_since = None
            life.send(signal.SIGKILL)
        elif life.ready.is_set() and not self.announced:
            self.announced = True
            self.say(f"is ready (process {life.pid}, {life.age():.1f} s)")

    def end(self, life: Life, code: int) -> None:
        life.clear_up()
        self.life = None
        if self.process.once and code == 0:
            self.done = self.announced = True
            self.say(f"is done ({life.age():.1f} s)")
            return
        if life.ready.is_set() and life.age() > STABLE_SECONDS:
            self.failures = 0
        self.fail(f"{describe(code)} after {life.age():.1f} s")

    def fail(self, what: str) -> None:
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (self.failures - 1))
        if not self.failures:  # what ran well until now is missed
            pause = 0
        self.failures = min(self.failures + 1, 16)
        self.not_before = time.monotonic() + pause
        self.say(f"{what}; starting again in {pause:g} s (failure {self.failures} in a row)")

    def drain(self) -> None:
        """Ask it to finish; after its grace it is killed. One we only joined is left alone."""
        if self.life and self.life.adopted:
            self.life = None
        elif self.life and self.kill_at is None:
            self.kill_at = time.monotonic() + self.process.stop_seconds
            self.life.send(self.process.stop_signal)

    def drained(self) -> bool:
        """Whether it has ended; kills it when its grace is over."""
        if self.life is None:
            return True
        if self.life.ended() is not None:
            self.life.clear_up()
            self.life = None
            return True
        if self.kill_at is not None and time.monotonic() > self.kill_at:
            self.say(f"did not stop within {self.process.stop_seconds:g} s and is killed")
            self.kill_at = time.monotonic() + 5
            self.life.send(signal.SIGKILL)
        return False

    def hurry(self) -> None:
        """Grant no more grace."""
        if self.kill_at is not None:
            self.kill_at = min(self.kill_at, time.monotonic())
