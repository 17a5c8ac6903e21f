"""The main job with everything a tenant owns in a bucket: upload, import, run, deploy, media."""

import os

import httpx
import pytest
from django.conf import settings as django_settings

from tests import factories
from tests.serving.conftest import Process
from tests.training import made_of
from tests.training.zips import zipped
from training import leases, runner
from training.datasets import importer

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/tenants/acme"
SCOPES = ("view", "data", "run", "deploy", "predict", "feedback")


@pytest.fixture
def call(acme, alice, client):
    """Call the API as a client with a key: `call("runs", {...})` posts, without a body it gets."""
    key = factories.api_key(acme, alice, *SCOPES)

    def called(path, body=None, **extra):
        headers = {"Authorization": f"Bearer {key}"}
        if body is None:
            answer = client.get(f"{API}/{path}", headers=headers)
        else:
            kind = extra or {"content_type": "application/json"}
            answer = client.post(f"{API}/{path}", body, headers=headers, **kind)
        assert answer.status_code < 300, answer.content
        return answer.json()

    called.key = key
    return called


@pytest.fixture
def inference(server_environment, bucket, tmp_path):
    """A data plane which knows the bucket and shares no folder with this process."""
    named = {
        name: os.environ[name] for name in os.environ if name.startswith(("AWS_", "LEPTON_S3"))
    }
    own = {"LEPTON_HOME": str(tmp_path / "plane"), "LEPTON_SECRET_KEY": django_settings.SECRET_KEY}
    process = Process(server_environment | named | own)
    try:
        yield process.start().wait()
    finally:
        process.stop()


def test_the_main_job_needs_no_shared_disk(
    acme, alice, bucket, call, inference, settings, tmp_path
):
    settings.LEPTON_HOME = tmp_path / "workers"
    engagement = factories.engagement(acme, alice)
    version = _imported_and_frozen(call, engagement)
    model = _trained(call, engagement, version)
    _deployed(call, engagement, model)

    url = f"{inference.url}/v1/endpoints/acme/castings"
    headers = {"Authorization": f"Bearer {call.key}"}
    inference.until(lambda: httpx.get(url, headers=headers).json().get("ready"))
    answer = httpx.post(f"{url}/predict", headers=headers, content=made_of.picture("ok", 99))
    assert answer.status_code == 200, answer.text
    assert answer.json()["label"] in made_of.CLASSES

    linked = call(f"evaluations/{_evaluation(call, model)}/items")["results"][0]["image_url"]
    assert "X-Amz-Signature" in linked
    assert httpx.get(linked).content.startswith(b"\x89PNG")
    assert not (tmp_path / "storage").exists(), "something was kept on the disk"
    kinds = {key.split("/")[2] for key in (found.key for found in bucket.objects.all())}
    assert {"images", "models"} <= kinds


def _imported_and_frozen(call, engagement):
    pictures = {f"{c}/{n}.png": made_of.picture(c, n) for c in made_of.CLASSES for n in range(12)}
    dataset = call(f"engagements/{engagement.pk}/datasets", {"name": "Castings"})["id"]
    call(f"datasets/{dataset}/imports", zipped(pictures), content_type="application/zip")
    leases.work_off("import", importer.carry_out)
    return call(f"datasets/{dataset}/versions", {"seed": 1})["id"]


def _trained(call, engagement, version):
    wanted = {"dataset_version": version, "method": "fine_tune", "backbone": "lepton_small"}
    quick = {"params": {"epochs": 1, "batch_size": 8}}
    run = call(f"engagements/{engagement.pk}/runs", wanted | quick)
    leases.work_off("run", runner.carry_out)
    done = call(f"runs/{run['id']}")
    assert done["state"] == "succeeded", done["cause"]
    return done["model_version"]


def _deployed(call, engagement, model):
    call("endpoints", {"engagement": str(engagement.pk), "slug": "castings"})
    call("endpoints/castings/deployments", {"model_version": model})


def _evaluation(call, model):
    return call(f"model-versions/{model}/evaluations")["results"][0]["id"]
