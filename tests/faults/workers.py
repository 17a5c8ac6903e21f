"""Real Celery workers for fault tests, each in a group of its own, so that a kill is a kill."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


class Worker:
    """One worker process with its pool, its log in a file."""

    def __init__(self, environment: dict, log: Path, queue: str = "runs"):
        self.log, self._file = log, log.open("wb")
        options = ["-Q", queue, "-c", "1", "-n", f"{log.stem}@%h", "--loglevel", "INFO"]
        calm = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "lepton", "worker", *options, *calm],
            env=environment,
            cwd=REPOSITORY,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """kill -9 of the worker and all its pool processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._file.close()

    def terminate(self, within: float) -> int:
        """SIGTERM to the worker's parent process, as the supervisor sends it."""
        self.process.terminate()
        return self.process.wait(within)


def wait_for(check, within: float, worker: Worker | None = None):
    """Return what `check` gives once it is true; fail with the worker's log after `within` s."""
    deadline = time.monotonic() + within
    while not (found := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s\n{worker.said() if worker else ''}")
        time.sleep(0.1)
    return found
