"""How much a client may ask: what is beyond is refused with 429, and soon allowed again."""

import base64
import socket
import time
import uuid
from contextlib import closing
from types import SimpleNamespace

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import quotas, services
from serving.quotas import Quotas
from serving.refusals import Refused
from tests import factories
from tests.serving import models
from tests.serving.conftest import Process, answer
from tests.serving.test_refusals import bearer, refusal

IMAGE = models.picture()


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(quotas.time, "monotonic", lambda: now.seconds)
    return now


def a_key():
    return SimpleNamespace(holder=str(uuid.uuid4()))


def ask(counted, caller, images=1):
    with counted.request(caller, "acme"):
        counted.charge(caller, images - 1)


def test_a_key_may_burst_and_is_then_held_to_its_rate(clock):
    counted, key = Quotas(images_per_second=2, in_flight=9), a_key()
    for _ in range(2 * quotas.BURST_SECONDS):
        ask(counted, key)
    with pytest.raises(Refused) as refused:
        ask(counted, key)
    assert refused.value.status == 429 and (b"retry-after", b"1") in refused.value.headers
    ask(counted, a_key())  # another key is not concerned
    clock.seconds += 0.5
    ask(counted, key)
    with pytest.raises(Refused):
        ask(counted, key)


def test_a_batch_is_paid_for_image_by_image(clock):
    counted, key = Quotas(images_per_second=2, in_flight=9), a_key()
    ask(counted, key, images=32)  # 10 are there, 22 are owed
    with pytest.raises(Refused) as refused:
        ask(counted, key)
    assert (b"retry-after", b"12") in refused.value.headers
    clock.seconds += 11.4
    with pytest.raises(Refused):
        ask(counted, key)
    clock.seconds += 0.2
    ask(counted, key)


def test_a_tenant_may_have_so_many_requests_in_flight(clock):
    counted = Quotas(images_per_second=100, in_flight=2)
    with counted.request(a_key(), "acme"), counted.request(a_key(), "acme"):
        with pytest.raises(Refused) as refused:
            ask(counted, a_key())
        assert refused.value.status == 429
        with counted.request(a_key(), "globex"):
            pass
    ask(counted, a_key())


def test_keys_that_fell_quiet_are_forgotten(clock, monkeypatch):
    monkeypatch.setattr(quotas, "HOLDERS_AT_MOST", 3)
    counted = Quotas(images_per_second=1, in_flight=9)
    for _ in range(9):
        ask(counted, a_key())
        clock.seconds += 20
    assert len(counted._buckets) <= 3


@pytest.fixture
def strict(transactional_db, served, served_environment, acme, alice, castings, version_of):
    """A process with small quotas, and a client of it."""
    limits = {"LEPTON_KEY_IMAGES_PER_SECOND": "1", "LEPTON_TENANT_IN_FLIGHT": "2"}
    process = Process(served_environment | limits)
    with tenant_scope(acme):
        services.deploy(castings, model_version=version_of(), by=alice)
    try:
        yield process.start().wait()
    finally:
        process.stop()


@pytest.mark.slow
def test_beyond_its_rate_a_key_is_refused_in_every_dialect(strict, key, acme, alice):
    endpoint, headers = f"{strict.url}/v1/endpoints/acme/castings", bearer(key)
    statuses = [_post(f"{endpoint}/predict", headers).status_code for _ in range(5)]
    assert statuses == [200] * 5
    encoded = base64.b64encode(IMAGE).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [encoded]}
    refused = [
        _post(f"{endpoint}/predict", headers),
        _post(endpoint, headers),
        httpx.post(
            f"{endpoint}/v2/models/castings/infer", headers=headers, json={"inputs": [tensor]}
        ),
    ]
    for response in refused:
        assert "slow down" in refusal(response, 429)["error"]
    assert strict.figure('lepton_inference_limited_total{limit="key_rate"}') == 3
    other = bearer(factories.api_key(acme, alice, "predict"))
    answer(_post(f"{endpoint}/predict", other))
    time.sleep(int(refused[0].headers["retry-after"]) + 0.1)
    answer(_post(f"{endpoint}/predict", headers))


@pytest.mark.slow
def test_beyond_its_share_of_requests_a_tenant_is_refused(strict, key):
    url, headers = f"{strict.url}/v1/endpoints/acme/castings/predict", bearer(key)
    with closing(_half_a_request(strict, key)), closing(_half_a_request(strict, key)):
        strict.until(lambda: _after_a_while(url, headers).status_code == 429)
        assert "in flight" in refusal(_post(url, headers), 429)["error"]
        assert strict.figure('lepton_inference_limited_total{limit="tenant_in_flight"}') >= 2
    strict.until(lambda: _after_a_while(url, headers).status_code == 200)


def _after_a_while(url, headers):
    """Asked no faster than the key's rate allows, so that only the other limit refuses."""
    time.sleep(1.1)
    return _post(url, headers)


def _post(url, headers):
    return httpx.post(url, content=IMAGE, headers=headers, timeout=30)


def _half_a_request(process, key):
    connection = socket.create_connection(process.listener.getsockname())
    head = f"POST /v1/endpoints/acme/castings/predict HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n"
    connection.sendall(f"{head}Content-Length: 1000\r\n\r\nhalf".encode())
    return connection
