"""One supervisor per home: the second is told about the first."""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another supervisor holds this home."""


@contextmanager
def only_one(home: Path, address: str):
    """Hold LEPTON_HOME/up.lock, which names our process and address, during the block."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"Lepton already runs for {home}: {holder(home)}.") from None
        file.truncate(0)
        file.write(f"{os.getpid()} {address}\n")
        file.flush()
        yield
        file.truncate(0)


def holder(home: Path) -> str:
    """Process id and address of the supervisor that holds the home."""
    pid, _, address = (home / "up.lock").read_text().strip().partition(" ")
    return f"process {pid}, {address}" if pid else "it is just starting"


def is_held(home: Path) -> bool:
    """Whether a supervisor runs for this home."""
    try:
        with (home / "up.lock").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
