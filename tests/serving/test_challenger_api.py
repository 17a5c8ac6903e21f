"""Shadows and canaries by REST, what answered when, and what happens right now."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scoping import tenant_scope
from serving import challengers, services
from serving.models import Prediction, RefusedTally, ShadowAnswer
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_endpoint_api import BASE, api, post  # noqa: F401, a fixture

HERE = "endpoints/castings"
pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint(acme, alice):
    """An endpoint whose version 1 is live; version 2 stands by in `endpoint.two`."""
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        endpoint = services.create_endpoint(engagement, slug="castings", by=alice)
        one, endpoint.two = (models.model_version(engagement, by=alice, seed=n) for n in (1, 2))
        services.mark_live(services.deploy(endpoint, model_version=one, by=alice).pk)
    return endpoint


def sent(endpoint, variant="shadow", percent=100, **more):
    version = str(endpoint.two.pk)
    return {"model_version": version, "variant": variant, "share_percent": percent} | more


def get(client, path, **params):
    response = client.get(f"{BASE}/{path}", params)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_shadow_becomes_a_canary_and_then_the_champion(api, endpoint, acme):  # noqa: F811
    client = api("view", "deploy")
    shadow = post(client, f"{HERE}/challengers", sent(endpoint))
    assert shadow.status_code == 201, shadow.content
    canary = post(client, f"{HERE}/challengers", sent(endpoint, "canary", 25, least_answers=20))
    canary = canary.json()
    assert (canary["number"], canary["state"], canary["least_answers"]) == (2, "loading", 20)
    assert canary["agreement"] == {
        "n": 0, "agreeing": 0, "share": None, "low": None, "high": None,
    }  # fmt: skip
    rows = get(client, f"{HERE}/challengers")["results"]
    assert [(row["variant"], row["state"]) for row in rows] == [
        ("canary", "loading"),
        ("shadow", "stepped"),
    ]
    one = f"{HERE}/challengers/{canary['id']}"
    early = post(client, f"{one}/promote")
    assert early.status_code == 400 and "live" in early.json()["error"]
    with tenant_scope(acme):
        challengers.mark_live(canary["id"])
    assert {guard["trips"] for guard in get(client, one)["guards"]} == {None}
    promoted = post(client, f"{one}/promote")
    assert promoted.status_code == 201
    assert promoted.json()["model_version"]["number"] == 2
    assert get(client, one)["state"] == "promoted"


def test_a_challenger_is_stopped_once(api, endpoint):  # noqa: F811
    client = api("view", "deploy")
    made = post(client, f"{HERE}/challengers", sent(endpoint)).json()
    stopped = post(client, f"{HERE}/challengers/{made['id']}/stop")
    assert stopped.status_code == 200 and stopped.json()["state"] == "stopped"
    again = post(client, f"{HERE}/challengers/{made['id']}/stop")
    assert again.status_code == 400 and "ended already" in again.json()["error"]


def test_refusals_name_the_field(api, endpoint):  # noqa: F811
    client = api("view", "deploy")
    for wrong, field in [
        ({"share_percent": 0}, "share_percent"),
        ({"variant": "pigeon"}, "variant"),
        ({"model_version": str(endpoint.pk)}, "model_version"),
        ({"least_agreement_percent": 101}, "least_agreement_percent"),
        ({"shares": 3}, "shares"),
    ]:
        refused = post(client, f"{HERE}/challengers", sent(endpoint) | wrong)
        assert refused.status_code == 400 and field in refused.json()["fields"], refused.content


def test_scopes_and_tenants_are_kept(api, endpoint, acme, carol, browse):  # noqa: F811
    client = api("view")
    assert post(client, f"{HERE}/challengers", sent(endpoint)).status_code == 403
    stranger = browse(carol)
    for path in ("challengers", "answered?at=2026-01-01T00:00Z", "now"):
        for tenant in ("acme", "globex"):
            asked = stranger.get(f"/api/v1/tenants/{tenant}/{HERE}/{path}")
            assert asked.status_code == 404, path


def test_disagreements_carry_both_answers(api, endpoint, acme, alice):  # noqa: F811
    with tenant_scope(acme):
        shadow = challengers.challenge(
            endpoint, model_version=endpoint.two, variant="shadow", share_percent=100, by=alice
        )
        for agrees in (True, False):
            prediction = Prediction.objects.create(
                endpoint=endpoint,
                model_version=endpoint.champion.model_version,
                label="ok",
                score=0.8,
                scores=[0.8, 0.2],
                latency_ms=1,
                input_sha256="0" * 64,
            )
            ShadowAnswer.objects.create(
                prediction=prediction,
                challenger=shadow,
                model_version=endpoint.two,
                label="ok" if agrees else "scratch",
                score=0.7,
                scores=[0.7, 0.3] if agrees else [0.3, 0.7],
                agrees=agrees,
                latency_ms=2,
            )
    client = api("view")
    (row,) = get(client, f"{HERE}/challengers/{shadow.pk}/disagreements")["results"]
    assert (row["label"], row["model_version"], row["scores"]) == (
        "scratch",
        2,
        {"ok": 0.3, "scratch": 0.7},
    )
    assert (row["prediction"]["label"], row["prediction"]["model_version"]) == ("ok", 1)
    seen = get(client, f"{HERE}/challengers/{shadow.pk}")["agreement"]
    assert (seen["n"], seen["agreeing"]) == (2, 1)


def test_which_version_answered_at_a_moment_with_the_canary_beside_it(
    api,  # noqa: F811
    endpoint,
    acme,
    alice,
):
    before = timezone.now() - timedelta(hours=1)
    with tenant_scope(acme):
        canary = challengers.challenge(
            endpoint, model_version=endpoint.two, variant="canary", share_percent=10, by=alice
        )
        challengers.mark_live(canary.pk)
        during = timezone.now()
        challengers.stop(canary, by=alice)
    client = api("view")
    path = f"{HERE}/answered"
    said = get(client, path, at=during.isoformat())
    assert said["model_version"]["number"] == 1
    assert (said["canary"]["model_version"]["number"], said["canary"]["share_percent"]) == (2, 10)
    assert get(client, path, at=timezone.now().isoformat())["canary"] is None
    assert get(client, path, at=before.isoformat())["model_version"] is None
    refused = client.get(f"{BASE}/{path}")
    assert refused.status_code == 400 and "at" in refused.json()["fields"]


@pytest.mark.slow
def test_what_happens_now_comes_from_the_rows_and_from_the_data_plane(
    inference, ask, deployed, version_of, acme, alice, client, settings
):
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    deployed(version_of())
    for _number in range(20):
        answer(ask(models.picture()))
    assert ask(b"no image").status_code == 422

    def is_logged():
        with tenant_scope(acme):
            return Prediction.objects.count() == 20

    def refused():
        with tenant_scope(acme):
            return [(row.status, row.n) for row in RefusedTally.objects.all()]

    inference.until(is_logged)
    inference.until(lambda: refused() == [(422, 1)])
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {factories.api_key(acme, alice, 'view')}"
    seen = get(client, f"{HERE}/now")
    assert (seen["n"], seen["by_version"]) == (20, [{"model_version": 1, "n": 20}])
    assert seen["p95_ms"] >= seen["p50_ms"] > 0 and seen["p99_ms"] is None  # from 100 on
    assert seen["answers_a_second"] == round(20 / 60, 2)
    assert seen["data_plane"]["statuses"] == {"200": 20, "422": 1}
    assert seen["data_plane"]["images_a_run"] >= 1
    settings.LEPTON_INFERENCE_BACKEND = "http://127.0.0.1:9"
    assert get(client, f"{HERE}/now")["data_plane"] is None
