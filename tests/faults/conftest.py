"""A place for workers to be killed in: short leases, a storage both they and the test see."""

import os
import secrets
import shutil
import signal
from pathlib import Path

import pytest

from lepton import embedded
from tests import factories
from tests.faults.workers import Worker, wait_for
from tests.serving.conftest import (  # noqa: F401, inference processes of these tests' own
    castings,
    key,
    own_inference,
    served,
    served_environment,
    served_home,
    version_of,
)

SHORT = {
    "LEPTON_LEASE_SECONDS": "3",
    "LEPTON_HEARTBEAT_SECONDS": "0.5",
    "LEPTON_SWEEP_SECONDS": "0.5",
    "OMP_NUM_THREADS": "1",
}


@pytest.fixture
def surroundings(server_environment, settings, tmp_path):
    """The environment of this test's workers; the test's own settings agree with it."""
    settings.LEPTON_HOME = tmp_path
    settings.LEPTON_CACHE_DIR = tmp_path / "cache"
    return server_environment | SHORT | {"LEPTON_HOME": str(tmp_path)}


@pytest.fixture
def workers(surroundings, tmp_path):
    """Start workers with `workers("name")`; whatever still runs in the end is killed."""
    started = []

    def start(name, queue="runs", **environment):
        started.append(Worker(surroundings | environment, tmp_path / f"{name}.log", queue))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


class OwnRedis:
    """A broker of one test, which may be killed."""

    def __init__(self, home: Path):
        self.home, self.url = home, embedded.redis_url(home)

    def start(self):
        self.server = embedded.start_redis(self.home)
        self.pid = self.server.pid

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        wait_for(lambda: self.server.poll() is not None, 5)


@pytest.fixture
def own_redis():
    home = Path("/tmp") / f"lepton-redis-{secrets.token_hex(4)}"
    home.mkdir(mode=0o755)
    redis = OwnRedis(home)
    redis.start()
    yield redis
    embedded.reset(home)
    shutil.rmtree(home, ignore_errors=True)
