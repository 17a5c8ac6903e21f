"""A tiny real model, its version in the database, and the real inference process."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import services
from tests import factories
from tests.serving import models

REPOSITORY = Path(__file__).resolve().parents[2]


class Process:
    """`python -m serving.inference` on a socket that this process holds, as the supervisor does."""

    def __init__(self, environment):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.environment = environment
        self.child = None

    def start(self):
        fd = self.listener.fileno()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "serving.inference", "--fd", str(fd)],
            env=self.environment,
            cwd=REPOSITORY,
            pass_fds=[fd],
        )
        return self

    def wait(self):
        self.until(lambda: httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200)
        return self

    def kill(self, sent=signal.SIGKILL):
        self.child.send_signal(sent)
        return self.child.wait(30)

    def until(self, condition, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except httpx.TransportError:
                pass
            assert self.child is None or self.child.poll() is None, "the process ended"
            time.sleep(0.05)
        raise AssertionError("waited in vain")

    def stop(self):
        if self.child and self.child.poll() is None:
            assert self.kill(signal.SIGTERM) in (0, -signal.SIGTERM)  # drained, then ended by it
        self.listener.close()


@pytest.fixture
def served_storage(settings, tmp_path):
    """The storage and the cache that the test and the inference process share."""
    return {
        "LEPTON_HOME": str(tmp_path),
        "LEPTON_CACHE_DIR": str(tmp_path / "cache"),
        "LEPTON_SECRET_KEY": settings.SECRET_KEY,
        "LEPTON_MAX_REQUEST_BYTES": "2000000",
    }


@pytest.fixture
def inference(transactional_db, server_environment, served_storage):
    process = Process(os.environ | server_environment | served_storage)
    try:
        yield process.start().wait()
    finally:
        process.stop()


@pytest.fixture
def castings(transactional_db, acme, alice):
    """An engagement of Acme with an endpoint `castings`; nothing is deployed yet."""
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        return services.create_endpoint(engagement, slug="castings", by=alice)


@pytest.fixture
def version_of(acme, alice, castings):
    """Make a model version of the castings' engagement: `version_of(seed=1)`."""

    def make(seed=1, **changes):
        with tenant_scope(acme):
            return models.model_version(castings.engagement, by=alice, seed=seed, **changes)

    return make


@pytest.fixture
def deployed(inference, acme, alice, castings):
    """Deploy a version and wait until it answers: `deployed(version)`."""

    def deploy(version, **options):
        with tenant_scope(acme):
            deployment = services.deploy(castings, model_version=version, by=alice)
        return settled(inference, acme, deployment)

    return deploy


def settled(inference, tenant, deployment):
    """Wait until the data plane has taken a deployment up, or refused it."""

    def is_settled():
        with tenant_scope(tenant):
            deployment.refresh_from_db()
        return deployment.state != "loading"

    inference.until(is_settled)
    return deployment


@pytest.fixture
def key(acme, alice):
    return factories.api_key(acme, alice, "predict")


@pytest.fixture
def ask(inference, key):
    """Send an image: `ask(data, headers={...})` gives the response."""
    with httpx.Client(base_url=inference.url, timeout=30) as client:

        def send(data=None, *, path="acme/castings/predict", method="POST", headers=None, **more):
            headers = {"Authorization": f"Bearer {key}"} if headers is None else headers
            if data is not None:
                more["content"] = data
            return client.request(method, f"/v1/endpoints/{path}", headers=headers, **more)

        yield send


def answer(response):
    assert response.status_code == 200, response.text
    return json.loads(response.content)
