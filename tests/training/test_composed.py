"""Model versions made from others: an ensemble, and a small network taught by a large one."""

import shutil

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from accounts.scoping import tenant_scope
from serving import runtimes
from tests import factories
from tests.training import made_of
from training import leases, runner
from training.models import ModelVersion, Run

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = {"epochs": 1, "batch_size": 8}


@pytest.fixture
def engagement(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    settings.LEPTON_CACHE_DIR = tmp_path / "cache"
    return factories.engagement(acme, alice)


@pytest.fixture
def data(acme, alice, engagement):
    with tenant_scope(acme):
        return made_of.dataset_version(engagement, alice)


@pytest.fixture
def two(acme, alice, engagement, data):
    """Two model versions on the same data."""
    for seed in (1, 2):
        start(engagement, data, alice, seed=seed)
    leases.work_off("run", runner.carry_out)
    with tenant_scope(acme):
        return list(ModelVersion.objects.order_by("number"))


def start(engagement, data, by, **changes):
    return made_of.start(engagement, by, QUICK | changes, data=data)


def runs_url(engagement):
    return f"/api/v1/tenants/acme/engagements/{engagement.pk}/runs"


def asked(data, method, **params):
    return {"dataset_version": str(data.pk), "method": method, "params": params}


def refused(browse, alice, engagement, wanted):
    answer = browse(alice).post(runs_url(engagement), wanted, content_type="application/json")
    assert answer.status_code == 400, answer.content
    return answer.json()["fields"]


def page_of(client, row, name="model"):
    url = reverse(f"training:{name}", args=["acme", row.engagement_id, row.pk])
    return client.get(url).content.decode()


def newest(acme):
    with tenant_scope(acme):
        return ModelVersion.objects.order_by("-number").first()


def test_an_ensemble_is_a_run_and_a_model_version_measured_like_any_other(
    browse, alice, acme, engagement, two, tmp_path
):
    page = reverse("training:combine", args=["acme", engagement.pk])
    assert "Model version 2" in browse(alice).get(page).content.decode()
    answer = browse(alice).post(page, {"members": [str(v.pk) for v in two], "weights": "equal"})
    assert answer.status_code == 302
    leases.work_off("run", runner.carry_out)
    version = newest(acme)
    with tenant_scope(acme):
        run = Run.objects.get(model_version=version)
        assert (run.state, run.method, run.backbone) == ("succeeded", "ensemble", "lepton_small")
        assert version.test_evaluation.n == 6
    assert [one["id"] for one in version.meta["ensemble"]["members"]] == [str(v.pk) for v in two]
    assert all(one["latency_ms"] > 0 for one in version.meta["ensemble"]["members"])
    shown = page_of(browse(alice), version)
    assert "These images do not tell it apart from" in shown or "on the same images:" in shown
    assert "exact McNemar test" in shown and "This version" in shown
    assert "too few validation images to calibrate on" in shown
    member = page_of(browse(alice), two[0])
    assert "Went into" in member
    card = page_of(browse(alice), version, "card")
    assert "Made from: Model version 1, Model version 2" in card
    run_page = page_of(browse(alice), run, "run")
    assert "Ensemble of Lepton small" in run_page
    with default_storage.open(f"{version.storage_prefix}/model.onnx") as stored:
        graph = tmp_path / "model.onnx"
        with graph.open("wb") as file:
            shutil.copyfileobj(stored, file)
    served = runtimes.get("onnx").load(graph, version.meta)
    assert served.run(np.zeros((1, 224, 224, 3), np.uint8)).shape == (1, 2)


def test_the_api_tells_the_lineage_with_the_paired_comparison(
    browse, alice, carol, acme, engagement, data, two
):
    wanted = asked(data, "ensemble", members=[str(v.pk) for v in two], weights="fitted")
    answer = browse(alice).post(runs_url(engagement), wanted, content_type="application/json")
    assert answer.status_code == 201, answer.content
    leases.work_off("run", runner.carry_out)
    version = newest(acme)
    url = f"/api/v1/tenants/acme/model-versions/{version.pk}/lineage"
    found = browse(alice).get(url).json()
    assert [one["number"] for one in found["made_from"]] == [1, 2]
    assert found["compared"]["n"] == 6
    assert found["beside"] in {str(v.pk) for v in two}
    first = f"/api/v1/tenants/acme/model-versions/{two[0].pk}/lineage"
    assert browse(alice).get(first).json() == {
        "made_from": [],
        "itself": None,
        "beside": None,
        "compared": None,
        "went_into": [str(version.pk)],
    }
    assert browse(carol).get(url).status_code == 404


def test_members_that_do_not_fit_are_refused_by_name(browse, alice, acme, engagement, data, two):
    ids = [str(v.pk) for v in two]
    for wanted, words in (
        (ids[:1], "Choose 2 to 8 different model versions."),
        ([ids[0], ids[0]], "Choose 2 to 8 different model versions."),
        ([ids[0], str(data.pk)], "No such model version here."),
        ([ids[0], "the other"], "No such model version here."),
    ):
        fields = refused(browse, alice, engagement, asked(data, "ensemble", members=wanted))
        assert fields == {"members": [words]}
    with tenant_scope(acme):
        third = made_of.dataset_version(engagement, alice, classes=["dent", "ok"])
    fields = refused(browse, alice, engagement, asked(third, "ensemble", members=ids))
    assert fields["members"][0].startswith("Model version 1 answers with other classes than")
    wanted = asked(data, "ensemble", members=ids) | {"backbone": "resnet18"}
    assert list(refused(browse, alice, engagement, wanted)) == ["backbone"]


def test_a_member_measured_on_other_test_images_is_refused(browse, alice, acme, engagement, two):
    with tenant_scope(acme):
        other = made_of.dataset_version(engagement, alice, test_sha256="1" * 64)
    wanted = asked(other, "ensemble", members=[str(v.pk) for v in two])
    fields = refused(browse, alice, engagement, wanted)
    assert "was measured on other test images than those of" in fields["members"][0]


def test_a_viewer_sees_no_way_to_combine(browse, bob, alice, engagement, two):
    models = reverse("training:models", args=["acme", engagement.pk])
    combine = reverse("training:combine", args=["acme", engagement.pk])
    assert combine in browse(alice).get(models).content.decode()
    assert combine not in browse(bob).get(models).content.decode()


def test_a_smaller_network_is_taught_and_compared_with_its_teacher(
    browse, alice, acme, engagement, data, two
):
    wanted = asked(data, "ensemble", members=[str(v.pk) for v in two])
    browse(alice).post(runs_url(engagement), wanted, content_type="application/json")
    leases.work_off("run", runner.carry_out)
    teacher = newest(acme)
    page = reverse("training:distil", args=["acme", engagement.pk, teacher.pk])
    assert "Lepton small" in browse(alice).get(page).content.decode()
    form = {"dataset_version": str(data.pk), "backbone": "lepton_small", "epochs": "1"}
    assert browse(alice).post(page, form).status_code == 302
    leases.work_off("run", runner.carry_out)
    student = newest(acme)
    assert student.method == "distillation"
    assert student.meta["distilled"]["teacher"] == str(teacher.pk)
    assert student.size_bytes < teacher.size_bytes
    shown = page_of(browse(alice), student)
    assert "Beside its teacher" in shown and "exact McNemar test" in shown


def test_a_student_that_is_not_smaller_is_refused(browse, alice, engagement, data, two):
    wanted = asked(data, "distillation", teacher=str(two[0].pk)) | {"backbone": "lepton_small"}
    fields = refused(browse, alice, engagement, wanted)
    words = "Lepton small is not smaller than Model version 1 (Lepton small)."
    assert fields == {"backbone": [words]}
    page = reverse("training:distil", args=["acme", engagement.pk, two[0].pk])
    assert "No smaller network is at hand" in browse(alice).get(page).content.decode()


def test_a_damaged_member_fails_the_run_with_cause_and_hint(
    browse, alice, acme, engagement, data, two
):
    wanted = asked(data, "ensemble", members=[str(v.pk) for v in two])
    browse(alice).post(runs_url(engagement), wanted, content_type="application/json")
    default_storage.delete(f"{two[1].storage_prefix}/model.onnx")
    leases.work_off("run", runner.carry_out)
    with tenant_scope(acme):
        failed = Run.objects.get(method="ensemble")
    assert (failed.state, "model.onnx" in failed.cause) == ("failed", True)
    assert "backup" in failed.hint
