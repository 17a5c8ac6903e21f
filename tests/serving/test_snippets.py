"""The calls printed on the endpoint's page run as they stand."""

import pytest

from serving.snippets import snippets
from tests import printed
from tests.serving import models
from tests.serving.conftest import answer

pytestmark = pytest.mark.slow


def test_every_call_prints_the_answer(inference, deployed, version_of, ask, key, tmp_path):
    deployed(version_of())
    (tmp_path / "image.jpg").write_bytes(models.picture())
    label = answer(ask(models.picture()))["label"]
    calls = snippets(f"{inference.url}/v1/endpoints/acme/castings/predict")
    assert [one["name"] for one in calls] == list(printed.COMMANDS)
    for one in calls:
        if printed.can_run(one["name"]):
            assert label in printed.run(one["name"], one["code"], key, tmp_path), one["name"]


def test_behind_tls_tritons_client_is_told_so():
    calls = {one["name"]: one["code"] for one in snippets("https://x.example/v1/e/t/a/predict")}
    assert 'InferenceServerClient("x.example/v1/e/t/a", ssl=True)' in calls["Open Inference"]
    assert 'model="https://x.example/v1/e/t/a"' in calls["Hugging Face"]
