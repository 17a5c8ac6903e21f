"""Who uses a home's servers: the last one to leave stops them."""

import atexit
import fcntl
import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from . import server
from .place import EmbeddedError, Place

LOCK_SECONDS = 180

_users: dict[Path, int] = {}  # home -> our open "users" file, share-locked while we use it


@contextmanager
def lock(where: Place):
    """One at a time starts, stops or deletes the servers of a home."""
    where.home.mkdir(parents=True, exist_ok=True)
    with (where.home / "embedded.lock").open("a") as file:
        until = time.monotonic() + LOCK_SECONDS
        while not attempt(file, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise EmbeddedError(f"Another process has been holding {file.name} for minutes.")
            time.sleep(0.02)
        yield


def attempt(file, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def join(where: Place) -> None:
    """Count this process among the users of the home until it leaves or ends."""
    if where.home not in _users:
        _users[where.home] = os.open(where.home / "embedded.users", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(_users[where.home], fcntl.LOCK_SH)
        atexit.register(leave_at_exit, where, os.getpid())


def leave(where: Place, parts) -> None:
    """Stop counting; stop the servers when nobody else uses them."""
    if where.home not in _users:
        return
    with lock(where):
        file = _users.pop(where.home)
        if attempt(file, fcntl.LOCK_EX):
            for part in parts:
                server.stop(part)
        fcntl.flock(file, fcntl.LOCK_UN)
        os.close(file)


def alone(where: Place) -> bool:
    """Whether no other process uses the servers; the caller holds the lock and has joined."""
    file = _users[where.home]
    if not attempt(file, fcntl.LOCK_EX):
        return False
    fcntl.flock(file, fcntl.LOCK_SH)
    return True


def leave_at_exit(where: Place, pid: int) -> None:
    if os.getpid() == pid and where.home.exists():  # not in a forked child, not after a reset
        from . import parts_of

        leave(where, parts_of(where))


@contextmanager
def polite_end():
    """Let SIGTERM end this process in order, so that what it started is stopped."""
    default = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not default or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
