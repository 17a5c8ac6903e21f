"""Models of their own kind take turns in memory: who is not there is fetched behind the request."""

import math

import httpx
import pytest

from accounts.scoping import tenant_scope
from serving import services
from tests import factories
from tests.serving import models
from tests.serving.conftest import Process, answer, settled


@pytest.fixture
def tight(transactional_db, served, served_environment):
    """An inference process with memory for one graph only."""
    process = Process(served_environment | {"LEPTON_MODELS_BYTES": "1"})
    try:
        yield process.start().wait()
    finally:
        process.stop()


@pytest.fixture
def two(tight, castings, version_of, acme, alice, key):
    """Two endpoints with a graph each, and how to ask them: `two("castings")`."""
    engagement = factories.engagement(acme, alice, "Other")
    with tenant_scope(acme):
        other = services.create_endpoint(engagement, slug="panes", by=alice)
        theirs = models.model_version(engagement, by=alice, seed=2)
    for endpoint, version in ((castings, version_of(seed=1)), (other, theirs)):
        with tenant_scope(acme):
            deployment = services.deploy(endpoint, model_version=version, by=alice)
        assert settled(tight, acme, deployment).state == "live"

    def ask(slug, **headers):
        headers = {"Authorization": f"Bearer {key}"} | headers
        url = f"{tight.url}/v1/endpoints/acme/{slug}"
        if slug.endswith("/"):
            return httpx.get(url, headers=headers, timeout=30)
        return httpx.post(f"{url}/predict", content=models.picture(), headers=headers, timeout=30)

    return ask


def test_who_does_not_say_how_long_it_waits_is_told_when_to_come_again(two, tight):
    assert tight.figure("lepton_inference_models") == 1
    assert answer(two("panes/"))["in_memory"] and not answer(two("castings/"))["in_memory"]
    refused = two("castings")
    assert refused.status_code == 503 and "being loaded" in refused.json()["error"]
    assert int(refused.headers["retry-after"]) >= 1
    tight.until(lambda: two("castings").status_code == 200)
    assert answer(two("castings/"))["in_memory"] and not answer(two("panes/"))["in_memory"]
    assert tight.figure("lepton_inference_models") == 1
    assert tight.figure("lepton_inference_models_taken_away_total") >= 2
    assert tight.figure("lepton_inference_load_seconds_count") >= 3


def test_who_says_how_long_it_waits_is_held_until_the_model_is_there(two, tight):
    for slug in ("castings", "panes", "castings", "panes"):
        assert two(slug, **{"X-Request-Timeout": "20"}).status_code == 200
    assert figure(tight, 'lepton_inference_cold_starts_total{outcome="held"}') >= 3
    assert figure(tight, 'lepton_inference_cold_starts_total{outcome="refused"}') == 0


def test_after_a_restart_what_does_not_fit_waits_for_its_first_request(two, tight):
    tight.kill()
    tight.start().wait()
    tight.until(lambda: tight.figure("lepton_inference_models") == 1)
    assert answer(two("castings/"))["ready"] and answer(two("panes/"))["ready"]
    replies = [two(slug, **{"X-Request-Timeout": "20"}) for slug in ("castings", "panes")]
    assert [reply.status_code for reply in replies] == [200, 200]


def test_a_graph_damaged_while_it_was_away_is_marked_failed(
    two, tight, acme, castings, served_home
):
    with tenant_scope(acme):
        champion = castings.champion
        prefix = champion.model_version.storage_prefix
        sha256 = champion.model_version.meta["files"]["model.onnx"]["sha256"]
    (served_home / "storage" / prefix / "model.onnx").write_bytes(b"damaged")
    (served_home / "cache" / "serving" / f"{sha256}.onnx").unlink()
    assert two("castings", **{"X-Request-Timeout": "20"}).status_code == 503
    assert settled_as(tight, acme, champion) == "failed"
    assert "damaged" in champion.cause


def settled_as(process, tenant, deployment):
    def is_failed():
        with tenant_scope(tenant):
            deployment.refresh_from_db()
        return deployment.state == "failed"

    process.until(is_failed)
    return deployment.state


def figure(process, name):
    lines = httpx.get(f"{process.url}/metrics").text.splitlines()
    return math.floor(next(float(one.rsplit(" ", 1)[1]) for one in lines if one.startswith(name)))
