"""An ensemble is deployed like any version, and answers with the mean that its card claims."""

import httpx
import numpy as np
import pytest

from accounts.scoping import tenant_scope
from serving.models import Deployment
from tests.serving import bundles
from tests.serving.conftest import answer, settled
from tests.training import made_of
from training import leases, runner
from training.engine import blend
from training.models import ModelVersion, Run

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PER_CLASS = {"train": 6, "valid": 12, "test": 3}  # enough validation rows to fit on
PICTURES = [made_of.picture(label, seed) for label in made_of.CLASSES for seed in (901, 902, 903)]


@pytest.fixture
def train(inference, browse, alice, acme, castings, settings, tmp_path):
    """Queue a run through the API and carry it out: `train("fine_tune", ...)`."""
    settings.LEPTON_HOME = tmp_path
    with tenant_scope(acme):
        data = made_of.dataset_version(castings.engagement, alice, per_class=PER_CLASS)

    def queue(method, **params):
        url = f"/api/v1/tenants/acme/engagements/{castings.engagement_id}/runs"
        wanted = {"dataset_version": str(data.pk), "method": method, "params": params}
        wanted |= {} if method == "ensemble" else {"backbone": "lepton_small"}
        queued = browse(alice).post(url, wanted, content_type="application/json")
        assert queued.status_code == 201, queued.content
        leases.work_off("run", runner.carry_out)
        with tenant_scope(acme):
            run = Run.objects.get(pk=queued.json()["id"])
            assert run.state == "succeeded", run.log_tail
            return ModelVersion.objects.get(run=run)

    return queue


@pytest.fixture
def deploy(browse, alice, acme, inference):
    """Deploy a version through the API and wait until it answers."""

    def ask_for(version):
        wanted = {"model_version": str(version.pk)}
        url = "/api/v1/tenants/acme/endpoints/castings/deployments"
        made = browse(alice).post(url, wanted, content_type="application/json")
        assert made.status_code == 201, made.content
        with tenant_scope(acme):
            deployment = Deployment.objects.get(pk=made.json()["id"])
        assert settled(inference, acme, deployment).state == "live", deployment.cause

    return ask_for


def scores(reply) -> list[float]:
    by_class = {one["label"]: one["score"] for one in reply["scores"]}
    return [by_class[name] for name in made_of.CLASSES]


def test_a_deployed_ensemble_and_its_bundle_answer_with_the_mean_it_claims(
    browse, alice, train, deploy, ask, castings, tmp_path
):
    members = [train("fine_tune", epochs=1, batch_size=8, seed=seed) for seed in (1, 2)]
    ensemble = train("ensemble", members=[str(one.pk) for one in members], weights="fitted")
    each = []
    for version in members:
        deploy(version)
        each.append(np.array([scores(answer(ask(data))) for data in PICTURES]))
    deploy(ensemble)
    replies = [answer(ask(data)) for data in PICTURES]
    assert {one["model_version"] for one in replies} == {ensemble.number}
    claimed = ensemble.meta["ensemble"]["members"]
    assert [one["id"] for one in claimed] == [str(one.pk) for one in members]
    temperatures, weights = ([one[n] for one in claimed] for n in ("temperature", "weight"))
    assert sum(weights) == pytest.approx(1)
    assert temperatures != [1.0, 1.0]  # calibrated, so that this is no plain mean
    expected = blend.blended(each, temperatures, weights)
    np.testing.assert_allclose([scores(one) for one in replies], expected, atol=1e-5)

    url = f"/api/v1/tenants/acme/model-versions/{ensemble.pk}/bundle"
    folder = bundles.unpacked(browse(alice).get(url).getvalue(), tmp_path / "bundle")
    with bundles.serving_itself(folder / f"castings-v{ensemble.number}") as alone:
        for data, reply in zip(PICTURES, replies, strict=True):
            theirs = httpx.post(f"{alone}/predict", content=data).json()
            for document in (theirs, reply):
                document.pop("prediction_id"), document.pop("latency_ms")
            assert theirs == reply
        explained = httpx.post(f"{alone}/predict", params={"explain": "true"}, content=PICTURES[0])
    here = answer(ask(PICTURES[0], params={"explain": "true"}))["evidence"]
    assert np.array(here).max() == 1
    np.testing.assert_allclose(explained.json()["evidence"], here, atol=1e-3)
