"""The trace: one call from whichever end, and a page one can read."""

import uuid
from pathlib import Path

import pytest
from django.urls import reverse

from accounts.scoping import tenant_scope
from feedback import services
from feedback.trace import look as tracing
from training.datasets import curate
from training.models import ImportRow, ModelVersion, Run

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme/trace"


@pytest.fixture
def read(browse, bob):
    """Read a trace by the API: `read(prediction=…)` gives its stations by name."""

    def ask(**query):
        answer = browse(bob).get(API, query)
        assert answer.status_code == 200, answer.json()
        return {one["station"]: one for one in answer.json()["stations"]}

    return ask


def test_a_prediction_leads_to_who_signed_for_it(read, place, prediction, alice):
    found = read(prediction=prediction.pk)
    assert found["predictions"]["rows"][0]["facts"]["reference"] == "part-1"
    assert [row["id"] for row in found["deployments"]["rows"]] == [str(place.deployment.pk)]
    assert [row["id"] for row in found["model_versions"]["rows"]] == [str(place.model.pk)]
    assert found["runs"]["rows"][0]["id"] == str(place.run.pk)
    assert found["dataset_versions"]["rows"][0]["facts"]["manifest_sha256"] == "0" * 64
    assert found["requirement"]["rows"][0]["facts"]["classes"] == "ok, scratch"
    assert found["contract"]["rows"][0]["facts"]["sha256"] == place.contract.sha256
    assert found["verdicts"]["rows"][0]["id"] == str(place.verdict.pk)
    assert {row["by"] for row in found["signoffs"]["rows"]} == {"Alice", "Mei"}
    assert found["approvals"]["rows"][0]["state"] == "approved"


def test_a_prediction_names_the_deployment_that_answered_then(read, place, predict):
    with tenant_scope(place.tenant):
        first = predict()
        place.deployment.live_at = first.at
        place.deployment.save(update_fields=["live_at"])
        later = place.endpoint.deployments.create(
            model_version=place.model, number=2, state="live", created_by_label="Alice"
        )
    found = read(prediction=first.pk)
    assert [row["id"] for row in found["deployments"]["rows"]] == [str(place.deployment.pk)]
    assert str(later.pk) not in str(found["deployments"])


def test_an_image_leads_to_everything_that_learned_from_it(read, place):
    found = read(image=place.image.pk)
    assert found["dataset_versions"]["rows"][0]["facts"]["split"] == "Train"
    assert [row["id"] for row in found["runs"]["rows"]] == [str(place.run.pk)]
    assert [row["id"] for row in found["model_versions"]["rows"]] == [str(place.model.pk)]
    same_bytes = {row["id"] for row in found["predictions"]["rows"]}
    assert same_bytes == {str(place.prediction.pk)}


def test_an_image_tells_who_gave_its_labels(read, place, alice):
    with tenant_scope(place.tenant):
        ImportRow.objects.filter(item=None).update(item=place.item, image=place.image)
        curate.change_items(place.dataset, [place.item.pk], label="scratch", by=alice)
        curate.change_items(place.dataset, [place.item.pk], label="scratch", by=alice)
    rows = read(image=place.image.pk)["labels"]["rows"]
    assert [(row["title"], row["by"]) for row in rows] == [
        ("ok → scratch", "Alice"),
        ("ok", "Alice"),  # written at the image
        ("ok", "Alice"),  # and brought by the import
    ]
    rows = read(dataset_version=place.version.pk)["labels"]["rows"]
    assert [(row["by"], row["facts"]["labels"]) for row in rows] == [("Alice", 1)] * 3


def test_an_export_is_part_of_the_trace(read, browse, alice, place):
    url = reverse(
        "training:version_export", args=["acme", place.engagement.pk, place.version.pk, "jsonl"]
    )
    browse(alice).get(url).getvalue()
    row = read(image=place.image.pk)["exports"]["rows"][0]
    assert (row["by"], row["facts"]) == ("Alice", {"kind": "jsonl"})


def test_a_run_that_made_nothing_is_traced_back_only(read, place):
    with tenant_scope(place.tenant):
        failed = Run.objects.create(
            engagement=place.engagement,
            dataset_version=place.version,
            number=2,
            task_type="image_classification",
            method="linear_probe",
            backbone="resnet18",
            params={},
            state=Run.State.FAILED,
            created_by_label="Alice",
        )
    found = read(run=failed.pk)
    assert found["model_versions"]["n"] == found["predictions"]["n"] == 0
    assert found["dataset_versions"]["n"] == 1


def test_feedback_on_an_answer_is_part_of_the_trace(read, place, prediction, alice):
    with tenant_scope(place.tenant):
        services.give(prediction, verdict="correct", label="scratch", by=alice)
    row = read(prediction=prediction.pk)["feedback"]["rows"][0]
    assert (row["title"], row["state"], row["by"]) == ("scratch", "correct", "Alice")


def test_exactly_one_end_is_asked_for(browse, bob, place):
    client = browse(bob)
    for query in ({}, {"run": place.run.pk, "image": place.image.pk}, {"run": "nonsense"}):
        answer = client.get(API, query)
        assert answer.status_code == 400, query
    assert "prediction, image, model_version" in client.get(API).json()["detail"]
    assert client.get(API, {"run": uuid.uuid4()}).status_code == 404


def test_strangers_trace_nothing(browse, carol, place):
    query = {"prediction": place.prediction.pk}
    assert browse(carol).get(API, query).status_code == 404
    assert browse(carol).get("/api/v1/tenants/globex/trace", query).status_code == 404
    page = reverse("feedback:trace", args=["acme", place.engagement.pk])
    assert browse(carol).get(page, query).status_code == 404


@pytest.mark.parametrize(
    "kind, name",
    [
        ("prediction", "prediction"),
        ("image", "image"),
        ("model_version", "model"),
        ("run", "run"),
        ("dataset_version", "version"),
    ],
)
def test_the_page_shows_the_trace_from_every_end(browse, bob, place, kind, name):
    url = reverse("feedback:trace", args=["acme", place.engagement.pk])
    page = browse(bob).get(url, {kind: getattr(place, name).pk})
    assert page.status_code == 200
    assert "Model version 1" in page.text and "Sign-offs" in page.text
    assert 'aria-current="true"' in page.text


def test_without_an_end_the_page_says_where_to_begin(browse, bob, place):
    url = reverse("feedback:trace", args=["acme", place.engagement.pk])
    assert "Follow one thing both ways" in browse(bob).get(url).text
    assert browse(bob).get(url, {"run": "nonsense"}).status_code == 404


def test_the_pages_along_the_way_lead_to_the_trace(browse, bob, place):
    client, engagement = browse(bob), place.engagement.pk
    pages = [
        reverse("feedback:prediction", args=["acme", engagement, place.prediction.pk]),
        reverse("training:model", args=["acme", engagement, place.model.pk]),
        reverse("training:run", args=["acme", engagement, place.run.pk]),
        reverse("training:dataset_version", args=["acme", engagement, place.version.pk]),
        reverse("training:version_gallery", args=["acme", engagement, place.version.pk]),
    ]
    for page in pages:
        assert "/trace/?" in client.get(page).text, page


def test_a_trace_takes_as_many_queries_for_many_rows_as_for_few(
    place, predict, django_assert_num_queries
):
    lines = Path(__file__).with_name("query_counts.txt").read_text().splitlines()
    frozen = {kind: int(most) for kind, most in map(str.split, lines)}
    assert frozen.keys() == set(tracing.KINDS)
    rows = {"model_version": place.model, "dataset_version": place.version}
    with tenant_scope(place.tenant):
        for more in (0, 18):
            for number in range(more):
                predict()
                _model(place, number + 2)
            for kind, most in frozen.items():
                row = rows.get(kind) or getattr(place, kind)
                with django_assert_num_queries(most):
                    tracing.look(kind, row.pk)


def _model(place, number):
    run = Run.objects.create(
        engagement=place.engagement,
        dataset_version=place.version,
        number=number,
        task_type="image_classification",
        method="linear_probe",
        backbone="resnet18",
        params={},
        state=Run.State.SUCCEEDED,
        created_by_label="Alice",
    )
    return ModelVersion.objects.create(
        engagement=place.engagement,
        run=run,
        number=number,
        classes=["ok", "scratch"],
        backbone="resnet18",
        method="linear_probe",
        storage_prefix="x",
        meta={},
        size_bytes=1,
    )
