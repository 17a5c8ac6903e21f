"""What runs beside the champion outlives the process that answered."""

import signal

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import challengers, services
from serving.beside import place_of
from tests.serving import models
from tests.serving.conftest import settled

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def test_a_killed_process_comes_back_with_the_canary_and_the_same_share(
    own_inference,
    acme,
    alice,
    castings,
    version_of,
    key,
):
    with tenant_scope(acme):
        deployment = services.deploy(castings, model_version=version_of(), by=alice)
    assert settled(own_inference, acme, deployment).state == "live"
    with tenant_scope(acme):
        canary = challengers.challenge(
            castings, model_version=version_of(), variant="canary", share_percent=50, by=alice
        )
    assert settled(own_inference, acme, canary).state == "live"
    url = f"{own_inference.url}/v1/endpoints/acme/castings/predict"

    def ask():
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(url, content=models.picture(), headers=headers, timeout=30)

    def is_by_the_rule(reply):
        is_canary = place_of(castings.pk, reply["prediction_id"]) < 50
        return reply["model_version"] == (2 if is_canary else 1)

    assert all(is_by_the_rule(ask().json()) for _number in range(10))
    own_inference.kill(signal.SIGKILL)
    own_inference.start().wait()
    own_inference.until(lambda: own_inference.figure("lepton_inference_beside") == 1)
    assert all(is_by_the_rule(ask().json()) for _number in range(10))
    with tenant_scope(acme):
        canary.refresh_from_db()
    assert canary.state == "live"
