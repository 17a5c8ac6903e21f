"""A tiny real model, its version in the database, and the real inference process."""

import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from django import conf
from django.test import TransactionTestCase

from accounts.scoping import tenant_scope
from serving import services
from tests import factories
from tests.serving import models

REPOSITORY = Path(__file__).resolve().parents[2]


class Process:
    """`python -m serving.inference` on a socket that this process holds, as the supervisor does."""

    def __init__(self, environment, listener=None):
        self.listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.environment = environment
        self.child = None

    def start(self, *more):
        fd = self.listener.fileno()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "serving.inference", "--fd", str(fd), *more],
            env=self.environment,
            cwd=REPOSITORY,
            pass_fds=[fd],
        )
        return self

    def wait(self):
        self.until(lambda: httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200)
        return self

    def figure(self, name):
        """A value of /metrics."""
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

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


@contextmanager
def two_planes(environment):
    """Two processes of one installation, at addresses of their own."""
    two = [Process(environment).start() for _ in range(2)]
    try:
        yield [one.wait() for one in two]
    finally:
        for one in two:
            one.stop()


@pytest.fixture(scope="session")
def served_home(tmp_path_factory):
    """The storage and the cache that the tests and their inference processes share."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def served_environment(server_environment, served_home):
    return server_environment | {
        "LEPTON_HOME": str(served_home),
        "LEPTON_CACHE_DIR": str(served_home / "cache"),
        "LEPTON_SECRET_KEY": conf.settings.SECRET_KEY,
        "LEPTON_MAX_REQUEST_BYTES": "2000000",
    }


@pytest.fixture(scope="package")
def one_process(django_db_setup, served_environment, _sweeper_empties_tables):
    """One inference process for all tests that do not harm it.

    It ends with this package: one with another storage would fail deployments of later tests, so
    fixtures of this file are not imported into modules elsewhere, where it would end with all.
    """
    empty_tables = TransactionTestCase._fixture_teardown

    def empty_beside_a_reader(self):
        with suppress(psycopg.errors.DeadlockDetected):
            empty_tables(self)
            return
        empty_tables(self)

    TransactionTestCase._fixture_teardown = empty_beside_a_reader
    process = Process(served_environment)
    try:
        yield process.start().wait()
    finally:
        TransactionTestCase._fixture_teardown = empty_tables
        process.stop()


@pytest.fixture
def served(settings, served_home):
    """Storage is that of the inference process."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": served_home / "storage", "allow_overwrite": True},
        }
    }


@pytest.fixture
def inference(transactional_db, served, one_process):
    """The process, once it has forgotten the endpoints of the test before."""
    one_process.until(lambda: one_process.figure("lepton_inference_endpoints") == 0)
    return one_process


@pytest.fixture
def own_inference(transactional_db, served, served_environment):
    """A process of the test's own, to be killed or stopped."""
    process = Process(served_environment)
    try:
        yield process.start().wait()
    finally:
        process.stop()


@pytest.fixture
def castings(transactional_db, served, acme, alice):
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


@pytest.fixture
def live(settings, inference, deployed, version_of):
    """A model answers at the castings' endpoint, and workers in this process find it."""
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    assert deployed(version_of()).state == "live"


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
def headers(key):
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def triton_client(inference):
    """Triton's own client, at the castings' address."""
    from tritonclient.http import InferenceServerClient

    address = inference.url.removeprefix("http://")
    with InferenceServerClient(f"{address}/v1/endpoints/acme/castings") as client:
        yield client


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
