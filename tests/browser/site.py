"""A real installation for a test: `manage.py up` in a home and on ports of its own."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_OURS = ("DATABASE_", "REDIS_", "AWS_", "LEPTON_")
READY_SECONDS, DRAIN_SECONDS = 300, 40


class Site:
    """Runs between `with Site() as site`; nothing of it is left afterwards."""

    def __init__(self, ready_seconds: float = READY_SECONDS):
        self.ready_seconds = ready_seconds

    def __enter__(self):
        self.home = Path("/tmp") / f"lepton-browser-{secrets.token_hex(4)}"
        self.home.mkdir(mode=0o755)
        web, inference = free_ports(2)
        self.url, self.inference_url = (f"http://127.0.0.1:{port}" for port in (web, inference))
        outside = {k: v for k, v in os.environ.items() if not k.startswith(NOT_OURS)}
        self.environment = outside | {
            "LEPTON_HOME": str(self.home),
            "LEPTON_PORT": str(web),
            "LEPTON_INFERENCE_PORT": str(inference),
        }
        self.output = (self.home / "up.txt").open("wb")
        try:
            self.process = self.start("manage.py", "up", stdout=self.output, stderr=self.output)
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(DRAIN_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        reset = self.start("-m", "lepton.embedded", "reset", str(self.home), "--force")
        reset.wait(self.ready_seconds)
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, *words, **options):
        command = [sys.executable, *words]
        return subprocess.Popen(command, env=self.environment, cwd=REPOSITORY, **options)

    def set_the_stage(self, title: str = ""):
        """See to it that the people are there, and open an engagement of Alice's by this title."""
        stage = self.start("-m", "tests.browser.stage", title, stdout=subprocess.PIPE)
        facts = json.loads(stage.communicate(timeout=60)[0])
        self.password, self.engagement = facts["password"], facts["engagement"]

    def wait_until_ready(self):
        until = time.monotonic() + self.ready_seconds
        while not (answers(f"{self.url}/readyz") and answers(f"{self.inference_url}/livez")):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"The site did not start:\n{self.said()}")
            time.sleep(0.2)

    @contextmanager
    def pausing(self, name: str):
        """A process stands still, so that what it would do in a moment can be watched."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        found = [child for child in family if name in child.cmdline()]
        assert found, f"no process has {name} in its command"
        for one in found:
            one.suspend()
        try:
            yield
        finally:
            for one in found:
                one.resume()

    def said(self) -> str:
        return (self.home / "up.txt").read_text(errors="replace")[-4000:]

    def page(self, path: str = "") -> str:
        """The address of a page of the engagement."""
        return f"{self.url}/t/acme/e/{self.engagement}/{path}"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
