"""A bundle as who downloads it has it: unpacked, and serving itself in a process of its own."""

import io
import os
import socket
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import httpx


def unpacked(data: bytes, folder: Path) -> Path:
    """Unpack the zip's bytes into a folder, which holds the bundle's own."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    return folder


@contextmanager
def serving_itself(folder: Path):
    """Run the bundle's server, with nothing of Lepton on its path; gives its address."""
    port = free_port()
    bare = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "-m", "serving.bundled.serve", "--port", str(port)]
    child = subprocess.Popen(command, cwd=folder, env=bare)
    url = f"http://127.0.0.1:{port}"
    try:
        wait(child, f"{url}/readyz")
        yield url
    finally:
        child.terminate()
        child.wait(10)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait(child, url):
    """Return once a child answers there."""
    for _attempt in range(300):
        assert child.poll() is None, "the bundle's server ended"
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("waited in vain")
