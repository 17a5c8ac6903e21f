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
