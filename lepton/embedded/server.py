"""Start, find and stop one embedded server: the same steps for PostgreSQL and Redis."""

import os
import subprocess
import time
from pathlib import Path

import psutil

from lepton.lib import leash

from .place import EmbeddedError

START_SECONDS = 120  # long enough for recovery after a crash
STOP_SECONDS = 30
ATTEMPTS = 20  # after a kill -9, PostgreSQL waits for its last session to notice
LOG_LIMIT_BYTES = 5_000_000

_children: dict[int, subprocess.Popen] = {}  # kept, so that their end is collected


class Server:
    """A running server; poll() is None while it lives, as with Popen."""

    def __init__(self, part, pid: int):
        self.part, self.pid = part, pid

    def __repr__(self):
        return f"<{self.part.name} {self.pid}>"

    def poll(self) -> int | None:
        if child := _children.get(self.pid):
            return child.poll()
        return None if find(self.part) == self.pid else 0

    def send_signal(self, sent: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sent)

    def wait(self, timeout: float) -> bool:
        """Whether it ended within timeout seconds."""
        return _within(timeout, lambda: self.poll() is not None)


def find(part) -> int | None:
    """The process id of this home's server, or None. A recycled process id is not taken for it."""
    pid = noted_pid(part)
    try:
        process = psutil.Process(pid) if pid else None
        alive = process and process.status() != psutil.STATUS_ZOMBIE
        return pid if alive and any(part.identity in word for word in process.cmdline()) else None
    except psutil.Error:
        return None


def noted_pid(part) -> int | None:
    try:
        return int(part.pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def forget_recycled_pid(part) -> None:
    """Remove the notes of a dead server whose process id somebody else, or its zombie, has now.

    PostgreSQL would take that process for itself and refuse to start. Sessions that outlive a
    killed server still keep a new one away, by their shared memory.
    """
    for child in _children.values():
        child.poll()
    pid = noted_pid(part)
    if pid and psutil.pid_exists(pid) and find(part) is None:
        for path in part.notes:
            path.unlink(missing_ok=True)


def start(part) -> Server:
    """Start the server, or join the one that runs; the caller holds the home's lock."""
    until = time.monotonic() + START_SECONDS
    for _attempt in range(ATTEMPTS):
        pid = find(part) or spawn(part)
        while time.monotonic() < until and Server(part, pid).poll() is None:
            if part.ready() and find(part) == pid:
                return Server(part, pid)
            time.sleep(0.02)
        time.sleep(0.25)
    raise EmbeddedError(f"{part.name} does not start. The end of {log_file(part)}:\n{tail(part)}")


def spawn(part) -> int:
    """Start the program in its own session, so that Ctrl-C at the terminal is not its end."""
    part.prepare()
    forget_recycled_pid(part)
    with log_file(part).open("ab") as log:
        child = subprocess.Popen(
            leash.command(part.command(), account=part.account),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    _children[child.pid] = child
    return child.pid


def stop(part) -> None:
    """Stop this home's server if it runs, politely first."""
    pid = find(part)
    if pid is None:
        return
    server = Server(part, pid)
    server.send_signal(part.stop_signal)
    if not server.wait(STOP_SECONDS):
        server.send_signal(9)
        server.wait(STOP_SECONDS)


def log_file(part) -> Path:
    path = part.where.home / "log" / f"{part.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.rename(path.with_suffix(".log.1"))
    return path


def tail(part) -> str:
    return log_file(part).read_text(errors="replace")[-2000:]


def _within(seconds: float, done) -> bool:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
