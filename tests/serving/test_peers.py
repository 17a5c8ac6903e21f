"""Several data planes act as one: a key gets its rate once, and a look at an endpoint sees all."""

import time

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import asking, quotas, services
from serving.peers import TELL_SECONDS
from serving.pulse import together
from tests.serving import models
from tests.serving.conftest import two_planes

IMAGE, RATE = models.picture(), 2
BURST = RATE * quotas.BURST_SECONDS


@pytest.fixture
def planes(
    request, transactional_db, served, served_environment, acme, alice, castings, version_of
):
    """Two processes at addresses of their own, which answer at the castings' endpoint."""
    with tenant_scope(acme):
        services.deploy(castings, model_version=version_of(), by=alice)
    environment = served_environment | {"LEPTON_KEY_IMAGES_PER_SECOND": str(RATE)}
    environment |= getattr(request, "param", {})
    with two_planes(environment) as two:
        yield two


@pytest.fixture
def statuses(headers):
    """Ask one of them so many times, and say how often each status came."""

    def send(plane, times):
        url, seen = f"{plane.url}/v1/endpoints/acme/castings/predict", []
        with httpx.Client(headers=headers, timeout=30) as client:
            for _ in range(times):
                seen.append(client.post(url, content=IMAGE).status_code)
        return {status: seen.count(status) for status in sorted(set(seen))}

    return send


def told():
    """Wait until what one granted has reached the other."""
    time.sleep(TELL_SECONDS * 2 + 0.3)


@pytest.mark.slow
def test_what_one_granted_a_key_the_other_does_not_grant_again(planes, statuses):
    one, other = planes
    assert statuses(one, BURST) == {200: BURST}
    told()
    seen = statuses(other, BURST)
    assert seen[429] >= BURST // 2 and seen[200] < BURST // 2  # what the rate gave meanwhile


@pytest.mark.slow
@pytest.mark.parametrize("planes", [{"REDIS_URL": "redis://127.0.0.1:1"}], indirect=True)
def test_without_redis_each_goes_on_by_itself(planes, statuses, castings, settings):
    one, other = planes
    assert statuses(one, BURST) == {200: BURST}
    told()
    assert statuses(other, BURST) == {200: BURST}
    settings.LEPTON_INFERENCE_BACKEND = one.url
    assert asking.pulse(castings)["processes"] == 1


@pytest.mark.slow
def test_a_look_at_an_endpoint_adds_up_what_all_of_them_answered(
    planes, statuses, castings, settings
):
    one, other = planes
    statuses(one, 3)
    statuses(other, 4)
    for asked in planes:
        settings.LEPTON_INFERENCE_BACKEND = asked.url
        seen = asking.pulse(castings)
        assert seen["statuses"] == {"200": 7}
        assert seen["processes"] >= 2  # the one that all tests share listens too
    other.kill()
    settings.LEPTON_INFERENCE_BACKEND = one.url
    assert asking.pulse(castings)["statuses"] == {"200": 3}


def test_pulses_add_up():
    quiet = {"statuses": {}, "waiting": 0, "queue_at_most": 64, "runs": 0, "images": 0}
    busy = {"statuses": {"200": 3, "503": 1}, "waiting": 2, "queue_at_most": 64}
    busy |= {"runs": 2, "images": 3}
    assert together([quiet])["images_a_run"] is None
    seen = together([quiet, busy, busy])
    assert (seen["processes"], seen["waiting"], seen["queue_at_most"]) == (3, 4, 192)
    assert (seen["statuses"], seen["images_a_run"]) == ({"200": 6, "503": 2}, 1.5)
