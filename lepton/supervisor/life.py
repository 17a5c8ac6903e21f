"""One life of a process: from its start to its end, with its log and its health."""

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from lepton.lib import leash

from .table import Process

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULTS = {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
LINE_BYTES = 16_384
PROBE_SECONDS, CHECK_SECONDS = 0.1, 10  # how often before and after it is ready


class Life:
    """Starts on creation. `ready` is set once; `silent_since` while later checks fail."""

    def __init__(self, process: Process, log, *, fd: int | None = None):
        self.process, self.log = process, log
        self.began = time.monotonic()
        self.ready = threading.Event()
        self.silent_since: float | None = None
        self.adopted = process.find()
        self.child = self.adopted or self.spawn(fd)
        self.pid = self.child.pid
        if not self.adopted:
            threading.Thread(target=self.listen, daemon=True).start()
        if callable(process.ready):
            threading.Thread(target=self.probe, daemon=True).start()
        elif process.ready is None and not process.once:
            self.ready.set()

    def spawn(self, fd: int | None) -> subprocess.Popen:
        """In a session of its own, so that Ctrl-C reaches us alone and the drain is in order."""
        process = self.process
        words = process.command() if callable(process.command) else process.command
        words = [word.replace("{fd}", str(fd)) for word in words]
        return subprocess.Popen(
            leash.command(words, account=process.account, dies_with=process.death_signal),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/" if process.account else REPOSITORY,
            env=os.environ | DEFAULTS | process.environment,
            pass_fds=[] if fd is None else [fd],
            start_new_session=True,
        )

    def listen(self) -> None:
        """Pass its lines on to the log; one of them may say that it is ready."""
        sign = re.compile(self.process.ready) if isinstance(self.process.ready, str) else None
        with self.child.stdout as lines:
            while line := lines.readline(LINE_BYTES):
                text = line.decode(errors="replace")
                if sign and sign.search(text):
                    self.ready.set()
                if text.strip():
                    self.log(self.process.name, text)

    def probe(self) -> None:
        while self.ended() is None:
            if self.process.ready():
                self.ready.set()
                self.silent_since = None
            elif self.ready.is_set():
                self.silent_since = self.silent_since or time.monotonic()
            time.sleep(CHECK_SECONDS if self.ready.is_set() else PROBE_SECONDS)

    def ended(self) -> int | None:
        """None while it lives, then its exit code (minus the signal that ended it)."""
        return self.child.poll()

    def send(self, sent: int) -> None:
        if self.ended() is None:
            self.child.send_signal(sent)

    def clear_up(self) -> None:
        """Kill what it left behind in its session (a worker's pool, say)."""
        if not self.adopted:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def age(self) -> float:
        return time.monotonic() - self.began


def describe(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by {signal.Signals(-code).name}"
