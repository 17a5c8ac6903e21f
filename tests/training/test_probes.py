"""What a linear probe is good for afterwards: it has a file more than other model versions."""

import pytest
import torch
from django.urls import reverse

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import made_of
from training import explaining, leases, runner
from training.engine import artifact, backbones, export, networks, vision
from training.models import EvaluatedItem, Explanation, ModelVersion, Run
from training.runs import files, sources

pytestmark = pytest.mark.django_db(transaction=True)
BACKBONE = "mobilenet_v3_small"


@pytest.fixture
def engagement(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    settings.LEPTON_CACHE_DIR = tmp_path / "cache"
    settings.LEPTON_WEIGHTS_DIR = tmp_path
    torch.manual_seed(7)
    network = vision.models.mobilenet_v3_small(weights=None)
    torch.save(network.state_dict(), tmp_path / f"{BACKBONE}.pth")
    return factories.engagement(acme, alice)


@pytest.fixture
def start(browse, alice, acme, engagement):
    """Start a run on one dataset version and carry it out; returns it."""
    with tenant_scope(acme):
        data = made_of.dataset_version(engagement, alice)

    def started(method, params, **others) -> Run:
        url = f"/api/v1/tenants/acme/engagements/{engagement.pk}/runs"
        asked = {"dataset_version": str(data.pk), "method": method, "params": params} | others
        answer = browse(alice).post(url, asked, content_type="application/json")
        assert answer.status_code == 201, answer.content
        leases.work_off("run", runner.carry_out)
        with tenant_scope(acme):
            return Run.objects.get(pk=answer.json()["id"])

    return started


@pytest.fixture
def probes(acme, start):
    """Two linear probes on one network."""
    for seed in (1, 2):
        start("linear_probe", {"seed": seed}, backbone=BACKBONE)
    with tenant_scope(acme):
        return list(ModelVersion.objects.order_by("number"))


def test_a_probe_is_explained_by_every_method(browse, alice, acme, engagement, probes):
    with tenant_scope(acme):
        seen = EvaluatedItem.objects.filter(evaluation__model_version=probes[0]).first()
    where = ["acme", engagement.pk, probes[0].pk, seen.pk]
    methods = ("evidence", "grad_cam", "occlusion")
    for method in methods:
        url = reverse("training:explain", args=where)
        assert browse(alice).post(url, {"method": method, "label": "ok"}).status_code == 302
    assert leases.work_off("explanation", explaining.carry_out) == len(methods)
    with tenant_scope(acme):
        found = {one.method: (one.state, one.cause) for one in Explanation.objects.all()}
    assert found == dict.fromkeys(methods, ("succeeded", ""))


def test_probes_are_combined_and_taught_from(start, probes):
    both = start("ensemble", {"members": [str(one.pk) for one in probes]})
    assert (both.state, both.cause) == ("succeeded", "")
    teacher = {"teacher": str(probes[0].pk), "epochs": 1}
    taught = start("distillation", teacher, backbone="lepton_small")
    assert (taught.state, taught.cause) == ("succeeded", "")


def test_a_stored_head_is_brought_back_and_leaves_no_draft(tmp_path):
    model = networks.build(backbones.get("lepton_small"), 2, weights=None)
    meta = {"classes": made_of.CLASSES, "backbone": {"name": "lepton_small"}}
    kept = export.export_backbone(model, tmp_path / "kept.onnx")
    export.save(tmp_path / "a", model, backbone_onnx=kept, meta=meta, parity_of=lambda *_: {})
    files.store(tmp_path / "a", "tenants/a/models/1")
    folder = sources.fetched("tenants/a/models/1", tmp_path / "b")
    assert artifact.HEAD in artifact.read_meta(folder)["files"]
    assert {one.name for one in folder.iterdir()} == {artifact.HEAD, *files.NAMES}
