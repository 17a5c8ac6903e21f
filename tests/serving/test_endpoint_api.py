"""Endpoints, deployments and predictions by REST."""

from datetime import UTC, datetime

import pytest

from accounts.scoping import tenant_scope
from serving import services
from serving.models import Prediction
from tests import factories
from tests.serving import models

BASE = "/api/v1/tenants/acme"
pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def api(client, acme, alice):
    """Call the API with a key: `api("deploy").post(path, data)`."""

    def with_scopes(*scopes):
        key = factories.api_key(acme, alice, *scopes)
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client

    return with_scopes


def post(client, path, data=None):
    return client.post(f"{BASE}/{path}", data or {}, content_type="application/json")


def test_an_endpoint_is_made_deployed_to_and_rolled_back(api, acme, alice, engagement):
    client = api("view", "deploy")
    made = post(client, "endpoints", {"engagement": str(engagement.pk), "slug": "castings"})
    assert made.status_code == 201, made.content
    assert made.json()["url"].endswith("/v1/endpoints/acme/castings/predict")
    with tenant_scope(acme):
        versions = [models.model_version(engagement, by=alice, seed=seed) for seed in (1, 2)]
    for version in versions:
        sent = {"model_version": str(version.pk)}
        response = post(client, "endpoints/castings/deployments", sent)
        assert response.status_code == 201, response.content
        with tenant_scope(acme):
            services.mark_live(response.json()["id"])
    back = post(client, "endpoints/castings/rollback").json()
    assert (back["number"], back["reason"], back["model_version"]["number"]) == (3, "rollback", 1)
    listed = client.get(f"{BASE}/endpoints/castings/deployments").json()["results"]
    assert [row["number"] for row in listed] == [3, 2, 1]
    assert listed[0]["by"] == "API key test client"
    (endpoint,) = client.get(f"{BASE}/endpoints").json()["results"]
    assert endpoint["champion"]["number"] == 2
    assert client.get(f"{BASE}/endpoints/castings").json() == endpoint


def test_refusals_name_the_field(api, acme, alice, engagement):
    client = api("deploy")
    unknown = post(client, "endpoints", {"engagement": str(engagement.pk), "slag": "x"})
    assert unknown.status_code == 400
    assert set(unknown.json()["fields"]) == {"slag"}
    nobody = {"engagement": "00000000-0000-4000-8000-000000000000", "slug": "castings"}
    assert "engagement" in post(client, "endpoints", nobody).json()["fields"]
    with tenant_scope(acme):
        services.create_endpoint(engagement, slug="castings", by=alice)
    response = post(client, "endpoints/castings/rollback")
    assert response.status_code == 400
    assert "roll back" in response.json()["error"]


def test_scopes_are_kept(api, engagement, acme, alice):
    client = api("view", "predict")
    sent = {"engagement": str(engagement.pk), "slug": "castings"}
    assert post(client, "endpoints", sent).status_code == 403
    assert client.get(f"{BASE}/endpoints").status_code == 200
    assert api("deploy").get(f"{BASE}/predictions").status_code == 403


def test_predictions_are_listed_and_narrowed(api, acme, alice, engagement):
    with tenant_scope(acme):
        endpoint = services.create_endpoint(engagement, slug="castings", by=alice)
        version = models.model_version(engagement, by=alice)
        for day, label, reference in ((1, "ok", "A"), (2, "scratch", "B"), (3, "ok", "B")):
            Prediction.objects.create(
                endpoint=endpoint,
                model_version=version,
                at=datetime(2026, 1, day, tzinfo=UTC),
                label=label,
                score=0.8,
                scores=[0.8, 0.2],
                reference=reference,
                latency_ms=1,
                input_sha256="0" * 64,
            )
    client = api("view")

    def days(query=""):
        page = client.get(f"{BASE}/predictions{query}").json()
        return [int(row["at"][8:10]) for row in page["results"]]

    assert days() == [3, 2, 1]
    assert days("?label=ok") == [3, 1]
    assert days("?reference=B") == [3, 2]
    assert days("?since=2026-01-02T00:00:00Z&until=2026-01-03T00:00:00Z") == [2]
    assert days("?endpoint=other") == []
    assert client.get(f"{BASE}/predictions?since=soon").status_code == 400
    assert client.get(f"{BASE}/predictions?lable=ok").status_code == 400
    row = client.get(f"{BASE}/predictions?limit=1").json()["results"][0]
    one = client.get(f"{BASE}/predictions/{row['id']}").json()
    assert one == row
    assert one["scores"] == {"ok": 0.8, "scratch": 0.2}
