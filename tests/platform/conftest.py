"""Homes of their own for tests of the servers, deleted with everything they keep elsewhere."""

import secrets
import shutil
import socket
from pathlib import Path

import pytest

from lepton import embedded


@pytest.fixture(autouse=True)
def _storage_of_its_own():
    """No test here touches files of tenants."""


def open_home():
    path = Path("/tmp") / f"lepton-platform-{secrets.token_hex(4)}"
    path.mkdir(mode=0o755)
    yield path
    if path.exists():
        embedded.reset(path)


@pytest.fixture
def home():
    """A data folder that other accounts may enter, as one below a common checkout."""
    yield from open_home()


@pytest.fixture(scope="module")
def running_home():
    """One home whose servers run while a module's tests look at them."""
    for path in open_home():
        with embedded.ensure(path):
            yield path


@pytest.fixture
def closed_home():
    """A data folder below one that only we may enter, as one in a private home."""
    outer = Path("/tmp") / f"lepton-closed-{secrets.token_hex(4)}"
    outer.mkdir(mode=0o700)
    yield outer / "checkout" / ".lepton"
    if (outer / "checkout" / ".lepton").exists():
        embedded.reset(outer / "checkout" / ".lepton")
    shutil.rmtree(outer)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]
