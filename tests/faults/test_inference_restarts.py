"""Inference processes are killed and started anew in turn while clients keep asking."""

import signal
import threading
import time
from collections import Counter

import httpx
import pytest

from accounts import keys
from accounts.models import ApiKey
from accounts.scoping import tenant_scope
from accounts.services import revoke_key
from serving import services
from tests.serving import models
from tests.serving.conftest import Process, settled

pytestmark = [pytest.mark.faults, pytest.mark.slow]
CLIENTS = 4
PATIENCE = 180  # seconds: nothing here is measured but what is promised


class Clients:
    """Each asks again as soon as it is answered, on a connection that it keeps."""

    def __init__(self, url, key):
        self.url, self.headers = url, {"Authorization": f"Bearer {key}"}
        self.answers: list[tuple[float, int]] = []  # when it was asked, what came
        self.failures: list[tuple[float, float, str]] = []  # asked when, told when, what
        self.refusals: Counter[str] = Counter()  # in the data plane's own words
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask_again) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _ask_again(self):
        with httpx.Client(headers=self.headers, timeout=30) as client:
            while not self._stop.is_set():
                asked = time.monotonic()
                try:
                    answer = client.post(self.url, content=models.picture())
                    self.answers.append((asked, answer.status_code))
                    if answer.status_code != 200:
                        self.refusals[answer.text] += 1
                except httpx.TransportError as error:
                    self.failures.append((asked, time.monotonic(), repr(error)))

    @property
    def statuses(self) -> set[int]:
        return {status for _asked, status in self.answers}

    def go_on(self, process, count=40):
        """Wait for so many more answers."""
        wanted = len(self.answers) + count
        process.until(lambda: len(self.answers) >= wanted, seconds=PATIENCE)


@pytest.fixture(scope="session")
def served_environment(served_environment):
    """The quota is not what is tested."""
    return served_environment | {"LEPTON_KEY_IMAGES_PER_SECOND": "100000"}


@pytest.fixture
def address(own_inference, acme, alice, castings, version_of):
    """Where castings is asked, once a model answers there."""
    with tenant_scope(acme):
        deployment = services.deploy(castings, model_version=version_of(), by=alice)
    assert settled(own_inference, acme, deployment).state == "live"
    return f"{own_inference.url}/v1/endpoints/acme/castings/predict"


@pytest.fixture
def another(own_inference, free_tcp_port_factory):
    """Start another process on the same socket and wait until it is ready: `another()`."""
    started = []

    def start():
        port = free_tcp_port_factory()
        one = Process(own_inference.environment, own_inference.listener)
        started.append(one.start("--own-port", str(port)))
        ready = f"http://127.0.0.1:{port}/readyz"
        one.until(lambda: httpx.get(ready, timeout=10).status_code == 200, seconds=PATIENCE)
        return one

    yield start
    for one in started:
        if one.child.poll() is None:
            one.kill(signal.SIGTERM)


def test_a_kill_is_felt_only_by_what_the_process_held(address, own_inference, another, key):
    twin = another()
    with Clients(address, key) as clients:
        clients.go_on(own_inference)
        twin.kill(signal.SIGKILL)
        killed = time.monotonic()
        clients.go_on(own_inference)
    assert clients.statuses == {200}, clients.refusals
    assert len(clients.failures) <= CLIENTS  # one each: what was in flight
    assert all(asked <= killed for asked, _told, _what in clients.failures), clients.failures


def test_a_service_of_one_process_is_back_soon_after_a_kill(address, own_inference, key):
    with Clients(address, key) as clients:
        clients.go_on(own_inference)
        own_inference.kill(signal.SIGKILL)
        killed, before = time.monotonic(), len(clients.answers)
        own_inference.start()

        def is_back():
            return any(status == 200 for _asked, status in clients.answers[before:])

        own_inference.until(is_back, seconds=PATIENCE)
        print(f"the first answer came {time.monotonic() - killed:.1f} s after the kill")
        clients.go_on(own_inference)
    assert len(clients.failures) <= CLIENTS, clients.failures
    assert all(asked <= killed for asked, _told, _what in clients.failures)
    assert clients.statuses <= {200, 503}  # 503 with Retry-After while models are loaded


def test_a_rolling_restart_fails_no_request(address, own_inference, another, key):
    others = [another()]
    with Clients(address, key) as clients:
        clients.go_on(others[0])
        for old in (own_inference, others[0]):
            others.append(another())  # the new one first, as with maxUnavailable: 0
            assert old.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
            clients.go_on(others[-1])
        for old in others[1:]:  # or with one fewer meanwhile
            assert old.kill(signal.SIGTERM) in (0, -signal.SIGTERM)
            others.append(another())
            clients.go_on(others[-1])
    print(f"{len(clients.answers)} requests over two rolling restarts")
    assert clients.failures == []
    assert clients.statuses == {200}, clients.refusals


def test_a_revoked_key_is_refused_within_five_seconds_under_load(
    address,
    own_inference,
    key,
    acme,
    alice,
):
    with Clients(address, key) as clients:
        clients.go_on(own_inference)
        with tenant_scope(acme):
            revoke_key(ApiKey.objects.get(digest=keys.digest(key)), by=alice)
        revoked = time.monotonic()
        own_inference.until(lambda: clients.answers[-1][1] == 401, seconds=PATIENCE)
        clients.go_on(own_inference, 200)
    last = max(asked for asked, status in clients.answers if status == 200)
    print(f"the last answer was asked for {last - revoked:.1f} s after the key was revoked")
    assert last - revoked < 5  # what is promised, not a measurement
    assert clients.failures == [] and clients.statuses == {200, 401}
