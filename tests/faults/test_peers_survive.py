"""Redis is killed under two data planes: both answer on, and hear each other when it is back."""

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import asking, services
from tests.serving import models
from tests.serving.conftest import two_planes

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture
def planes(
    own_redis, transactional_db, served, served_environment, acme, alice, castings, version_of
):
    """Two processes at addresses of their own, with a Redis that no other test uses."""
    with tenant_scope(acme):
        services.deploy(castings, model_version=version_of(), by=alice)
    with two_planes(served_environment | {"REDIS_URL": own_redis.url}) as two:
        yield two


def test_data_planes_answer_without_redis_and_find_each_other_again(
    planes, own_redis, castings, key, settings
):
    def ask(plane):
        url, headers = f"{plane.url}{castings.predict_path}", {"X-API-Key": key}
        return httpx.post(url, content=models.picture(), headers=headers, timeout=30).status_code

    def seen_by(plane):
        settings.LEPTON_INFERENCE_BACKEND = plane.url
        pulse = asking.pulse(castings)
        return pulse["processes"], pulse["statuses"]

    one, other = planes
    assert [ask(plane) for plane in planes] == [200, 200]
    one.until(lambda: seen_by(one) == (2, {"200": 2}))
    own_redis.kill()
    assert [ask(plane) for plane in planes] == [200, 200]
    assert seen_by(one) == seen_by(other) == (1, {"200": 2})
    own_redis.start()
    one.until(lambda: seen_by(one) == seen_by(other) == (2, {"200": 4}))
