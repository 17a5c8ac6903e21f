"""The real web process on a socket that the test holds, as the supervisor does."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from lepton.supervisor.table import WEB
from tests.faults.workers import REPOSITORY

CALM = ["--no-access-log", "--log-level", "warning"]


class Web:
    """One web process; who asks while it is dead waits at the socket or is cut off."""

    def __init__(self, environment: dict, log: Path):
        self.environment, self._log = environment, log.open("ab")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.process = None

    def start(self) -> "Web":
        fd = self.listener.fileno()
        self.process = subprocess.Popen(
            [sys.executable, *WEB, *CALM, "--fd", str(fd)],
            env=self.environment,
            cwd=REPOSITORY,
            pass_fds=[fd],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        return self

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/livez", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.is_alive():
            self.kill()
        self.listener.close()
        self._log.close()
