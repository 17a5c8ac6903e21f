"""Model versions: the accuracy page judges by the interval, and each figure opens its images."""

import pytest
from django.urls import reverse

from accounts.scoping import tenant_scope
from engagements import services as engagements
from tests import factories
from tests.training import made_of
from training.models import EvaluatedItem, Evaluation, ModelVersion, Run
from training.runs import files, services

pytestmark = pytest.mark.django_db
ANSWERS = [[18, 2], [1, 19]]  # rows: what it is, columns: what the model said


def _class(**figures):
    """A class's figures with made-up intervals."""
    ends = {f"{name}_low": value - 0.1 for name, value in figures.items()}
    return figures | ends | {f"{name}_high": value + 0.05 for name, value in figures.items()}


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def version(acme, alice, engagement):
    """A model version that was right on 37 of 40 test images: 92.5 % (80.1 to 97.4)."""
    with tenant_scope(acme):
        data = made_of.dataset_version(engagement, alice, {"train": 2, "valid": 1, "test": 20})
        return measured(engagement, data, alice)


def measured(engagement, data, by):
    run = services.start_run(
        engagement, dataset_version=data, method="fine_tune", backbone="lepton_small", by=by
    )
    Run.objects.filter(pk=run.pk).update(state="succeeded")
    sizes = {name: {"sha256": "ab" * 32, "bytes": 1000} for name in files.NAMES[:2]}
    version = ModelVersion.objects.create(
        engagement=engagement,
        run=run,
        number=run.number,
        classes=data.classes,
        backbone=run.backbone,
        method=run.method,
        storage_prefix=f"tenants/{engagement.tenant_id}/models/x",
        meta={"files": sizes, "parity": {"max_probability_difference": 2e-7}},
        size_bytes=2000,
    )
    evaluation = Evaluation.objects.create(
        model_version=version,
        dataset_version=data,
        split="test",
        n=40,
        accuracy=0.925,
        accuracy_low=0.801,
        accuracy_high=0.974,
        macro_precision=0.926,
        macro_precision_low=0.83,
        macro_precision_high=0.99,
        macro_recall=0.925,
        macro_recall_low=0.82,
        macro_recall_high=0.98,
        macro_f1=0.9249,
        macro_f1_low=0.83,
        macro_f1_high=0.99,
        ece=0.04,
        per_class=[
            {"label": "ok", "n": 20} | _class(precision=0.947, recall=0.9, f1=0.923),
            {"label": "scratch", "n": 20} | _class(precision=0.905, recall=0.95, f1=0.927),
        ],
        confusion=ANSWERS,
    )
    held_out = {label: [] for label in data.classes}
    for item in data.items.filter(split="test"):
        held_out[item.label].append(item)
    for label, counts in zip(data.classes, ANSWERS, strict=True):
        answers = [data.classes[i] for i, n in enumerate(counts) for _n in range(n)]
        for item, answer in zip(held_out[label], answers, strict=True):
            EvaluatedItem.objects.create(
                evaluation=evaluation,
                image_id=item.image_id,
                path=item.path,
                label=label,
                answer=answer,
                score=0.8,
                scores=[0.8 if one == answer else 0.2 for one in data.classes],
            )
    return version


def page_of(client, version, name="model", query=None):
    url = reverse(f"training:{name}", args=["acme", version.engagement_id, version.pk])
    answer = client.get(url, query or {})
    assert answer.status_code == 200
    page = answer.content.decode()
    return page[page.index("<main") :]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("0.75", "Meets the target of 75.0%"),
        ("0.90", "Not decided yet: target 90.0%"),
        ("0.99", "Misses the target of 99.0%"),
    ],
)
def test_the_verdict_comes_from_the_interval_and_not_from_the_point(
    browse, bob, acme, alice, engagement, version, target, said
):
    with tenant_scope(acme):
        engagements.write_requirement(
            engagement,
            need="Find faulty castings.",
            classes=["ok", "scratch"],
            metric="accuracy",
            target=target,
            by=alice,
        )
    shown = page_of(browse(bob), version)
    for text in (said, "92.5%", "80.1–97.4%", "n = 40"):
        assert text in shown
    panel = reverse("training:quality_panel", args=["acme", engagement.pk])
    listed = reverse("training:models", args=["acme", engagement.pk])
    for url in (panel, listed):
        assert said in browse(bob).get(url).content.decode()


def test_the_page_says_where_the_model_comes_from(browse, bob, version):
    shown = page_of(browse(bob), version)
    run = reverse("training:run", args=["acme", version.engagement_id, version.run_id])
    for text in (run, "castings v1", "Lepton small", "2.0e-07", "ab" * 32):
        assert text in shown


def test_a_cell_of_the_confusion_matrix_opens_its_images(browse, bob, version):
    client = browse(bob)
    address = reverse("training:model_answers", args=["acme", version.engagement_id, version.pk])
    assert f"{address}?label=ok&amp;answer=scratch" in page_of(client, version)
    cell = page_of(client, version, "model_answers", {"label": "ok", "answer": "scratch"})
    assert cell.count("<img") == 2
    assert page_of(client, version, "model_answers", {"wrong": "1"}).count("<img") == 3
    source = cell.split('<img src="')[1].split('"')[0]
    assert client.get(source).status_code == 200


def test_a_viewer_sees_no_deploy_button(browse, bob, alice, version):
    deploy = f"/endpoint/?model_version={version.pk}"
    assert deploy not in page_of(browse(bob), version)
    assert deploy in page_of(browse(alice), version)


def test_files_are_reached_by_a_signed_link(browse, bob, version):
    from lepton.lib import storage

    storage.put(f"{version.storage_prefix}/model.onnx", b"graph")
    client = browse(bob)
    where = ["acme", version.engagement_id, version.pk]
    sent_on = client.get(reverse("training:model_file", args=[*where, "model.onnx"]))
    assert sent_on.status_code == 302
    found = client.get(sent_on.url)
    assert (b"".join(found) if found.streaming else found.content) == b"graph"
    other = reverse("training:model_file", args=[*where, "secret_key"])
    assert client.get(other).status_code == 404


def test_a_stranger_finds_no_model(browse, carol, version):
    client = browse(carol)
    for name in ("model", "model_answers"):
        url = reverse(f"training:{name}", args=["acme", version.engagement_id, version.pk])
        assert client.get(url).status_code == 404
    for slug in ("acme", "globex"):
        for tail in ("", "/files", "/evaluations"):
            url = f"/api/v1/tenants/{slug}/model-versions/{version.pk}{tail}"
            assert client.get(url).status_code == 404


def test_model_versions_are_read_by_api(browse, bob, version):
    client, api = browse(bob), "/api/v1/tenants/acme"
    listed = client.get(f"{api}/engagements/{version.engagement_id}/model-versions").json()
    (one,) = listed["results"]
    assert one["test_evaluation"]["accuracy"] == 0.925
    detail = client.get(f"{api}/model-versions/{version.pk}").json()
    assert detail["meta"] == version.meta
    assert [file["name"] for file in detail["files"]] == list(files.NAMES)
    assert client.get(f"{api}/model-versions/{version.pk}/files").json() == detail["files"]
    evaluations = client.get(f"{api}/model-versions/{version.pk}/evaluations").json()["results"]
    items = f"{api}/evaluations/{evaluations[0]['id']}/items"
    wrong = client.get(items, {"label": "ok", "answer": "scratch"}).json()["results"]
    assert [(item["label"], item["answer"]) for item in wrong] == [("ok", "scratch")] * 2
    assert len(client.get(items, {"limit": 500}).json()["results"]) == 40


def test_lists_ask_the_database_as_often_for_six_models_as_for_one(
    browse, bob, acme, alice, version, django_assert_max_num_queries
):
    with tenant_scope(acme):
        for _more in range(5):
            measured(version.engagement, version.run.dataset_version, alice)
    pages = [
        reverse("training:models", args=["acme", version.engagement_id]),
        reverse("training:runs", args=["acme", version.engagement_id]),
        f"/api/v1/tenants/acme/engagements/{version.engagement_id}/model-versions",
    ]
    client = browse(bob)
    for url in pages:
        with django_assert_max_num_queries(16):
            assert client.get(url).status_code == 200


def test_without_a_model_the_pages_say_how_to_get_one(browse, bob, engagement):
    for name in ("models", "quality_panel"):
        url = reverse(f"training:{name}", args=["acme", engagement.pk])
        shown = browse(bob).get(url).content.decode()
        assert "run" in shown
        assert "on images it never saw" in shown
