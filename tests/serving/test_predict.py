"""Every form in which a client may send an image, through the real inference process."""

import base64

import pytest

from accounts.scoping import tenant_scope
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import answer

pytestmark = pytest.mark.slow


def test_every_form_of_a_request_gets_the_same_answer(ask, deployed, version_of, acme, key):
    version = version_of()
    deployed(version)
    image = models.picture()
    bearer = {"Authorization": f"Bearer {key}"}
    encoded = base64.b64encode(image).decode()
    first = answer(ask(image))
    forms = [
        ask(image, headers=bearer | {"Content-Type": "image/jpeg"}),
        ask(image, headers=bearer | {"Content-Type": "application/octet-stream"}),
        ask(image, headers=bearer | {"Content-Type": "application/x-www-form-urlencoded"}),
        ask(image, headers={"X-API-Key": key}),
        ask(files={"file": ("a.jpg", image)}),
        ask(files={"image": image}, data=None),
        ask(json={"image": encoded}),
        ask(json={"image": f"data:image/jpeg;base64,{encoded}", "top_k": None}),
    ]
    for response in forms:
        assert answer(response)["label"] == first["label"]
        assert answer(response)["score"] == first["score"]
    assert first["model_version"] == version.number
    assert first["model_version_id"] == str(version.pk)
    assert first["endpoint"] == "castings"
    assert [x["label"] for x in first["scores"]] in (["ok", "scratch"], ["scratch", "ok"])
    assert first["scores"][0] == {"label": first["label"], "score": first["score"]}
    assert sum(x["score"] for x in first["scores"]) == pytest.approx(1, abs=1e-5)
    assert first["latency_ms"] > 0
    assert len({answer(r)["prediction_id"] for r in forms}) == len(forms)


def test_a_model_of_before_graphs_could_explain_says_so(ask, deployed, version_of):
    deployed(version_of())
    assert answer(ask(models.picture(), params={"explain": "1"}))["evidence"] is None
    encoded = base64.b64encode(models.picture()).decode()
    assert answer(ask(json={"image": encoded, "explain": True}))["evidence"] is None
    refused = ask(models.picture(), params={"explain": "maybe"})
    assert refused.status_code == 422 and "explain" in refused.json()["error"]


def test_top_k_and_reference_come_by_query_form_or_json(ask, deployed, version_of, acme, inference):
    deployed(version_of())
    image = models.picture()
    encoded = base64.b64encode(image).decode()
    replies = [
        ask(image, path="acme/castings/predict?top_k=1&reference=A-1"),
        ask(files={"image": image}, data=None, path="acme/castings/predict?top_k=1&reference=A-1"),
        ask(json={"image": encoded, "top_k": 1, "reference": "A-1"}),
    ]
    for reply in map(answer, replies):
        assert len(reply["scores"]) == 1
        assert reply["reference"] == "A-1"
    ids = {answer(reply)["prediction_id"] for reply in replies}
    inference.until(lambda: _ids_of(acme, reference="A-1") == ids, seconds=2)


def test_an_image_of_any_kind_is_answered(ask, deployed, version_of):
    deployed(version_of())
    for kind in ("PNG", "WEBP", "BMP", "TIFF", "GIF"):
        assert answer(ask(models.picture(kind=kind)))["label"]


def test_the_endpoint_describes_itself(ask, castings, deployed, version_of, inference):
    inference.until(lambda: ask(method="GET", path="acme/castings").status_code == 200)
    before = answer(ask(method="GET", path="acme/castings"))
    assert not before["ready"] and before["classes"] is None
    version = version_of()
    deployed(version)
    after = answer(ask(method="GET", path="acme/castings"))
    assert after["ready"] and after["classes"] == models.CLASSES
    assert after["model_version"] == version.number


def _ids_of(tenant, **which):
    with tenant_scope(tenant):
        return {str(pk) for pk in Prediction.objects.filter(**which).values_list("pk", flat=True)}
