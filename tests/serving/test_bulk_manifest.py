"""A manifest names images that are here already; each of its rows gets an answer or an error."""

import hashlib
import io
import json

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from accounts import system
from accounts.scoping import tenant_scope
from lepton.lib import storage
from serving.bulk import manifest
from serving.models import BulkPrediction
from tests import factories
from tests.serving import models
from tests.serving.test_bulk import API, logged, work_off
from training.datasets.manifest import csv_of
from training.models import Dataset, DatasetVersion, Image, Item, VersionItem


def picture(number):
    return models.picture((30 * number, 90, 20))


def sha256(number):
    return hashlib.sha256(picture(number)).hexdigest()


def image(tenant, number):
    """A stored image of a tenant, as an import leaves it."""
    key = storage.tenant_key(tenant.pk, "images", f"{sha256(number)}.jpg")
    storage.put(key, picture(number))
    return Image.objects.create(
        sha256=sha256(number),
        original_sha256=hashlib.sha256(b"as sent %d" % number).hexdigest(),
        width=320,
        height=240,
        size_bytes=len(picture(number)),
        storage_key=key,
    )


@pytest.fixture
def line_three(acme, alice, castings):
    """A dataset of three images."""
    with tenant_scope(acme):
        dataset = Dataset.objects.create(
            engagement=castings.engagement, name="Line 3", created_by=alice
        )
        for number in range(3):
            Item.objects.create(
                dataset=dataset, image=image(acme, number), path=f"ok/{number}.jpg", label="ok"
            )
        return dataset


@pytest.fixture
def send(client, key):
    """Send a manifest: `send(text)` gives the response."""

    def send(text, *, kind="text/csv", name="night.csv", with_key=key):
        options = {"content_type": kind, "headers": {"Authorization": f"Bearer {with_key}"}}
        return client.post(f"{API}?filename={name}", text.encode(), **options)

    return send


@pytest.fixture
def results(client, acme, alice):
    """The rows of the results of what was just started."""

    def results(started):
        assert started.status_code == 202, started.content
        assert work_off() == 1
        viewer = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view')}"}
        address = f"/api/v1/tenants/acme/bulk-predictions/{started.json()['id']}"
        shown = client.get(address, headers=viewer).json()
        assert shown["state"] == "succeeded", shown
        lines = client.get(f"{address}/results/jsonl", headers=viewer).getvalue().splitlines()
        assert shown["files_done"] == shown["files_total"] == len(lines)
        return [json.loads(line) for line in lines]

    return results


def test_rows_name_images_by_hash_or_by_dataset_and_path_and_carry_a_reference(
    live,
    line_three,
    inference,
    acme,
    send,
    results,
    client,
):
    as_sent = hashlib.sha256(b"as sent 2").hexdigest()
    text = (
        "sha256,dataset,path,reference\n"
        f"{sha256(0).upper()},,,part 17\n"
        ",Line 3,ok/1.jpg,\n"
        f"{as_sent},,,part 19\n"
    )
    rows = results(send(text))
    assert [row["path"] for row in rows] == [sha256(0).upper(), "ok/1.jpg", as_sent]
    assert [row["reference"] for row in rows] == ["part 17", "ok/1.jpg", "part 19"]
    assert all(row["label"] in models.CLASSES for row in rows)
    predictions = {one.reference: one for one in logged(inference, acme, 3)}
    for number, row in enumerate(rows):
        prediction = predictions[row["reference"]]
        assert str(prediction.pk) == row["prediction_id"]
        assert prediction.input_sha256 == sha256(number)


def test_json_lines_are_read_too_and_the_csv_of_results_names_the_reference(
    live,
    line_three,
    client,
    acme,
    alice,
    send,
    results,
):
    lines = [{"dataset": "Line 3", "path": "ok/2.jpg", "reference": "=2+2"}, {"sha256": sha256(1)}]
    text = "\n\n".join(json.dumps(line) for line in lines)
    started = send(text, kind="application/octet-stream", name="night.jsonl")
    assert len(results(started)) == 2
    viewer = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view')}"}
    address = f"/api/v1/tenants/acme/bulk-predictions/{started.json()['id']}"
    csv = client.get(f"{address}/results/csv", headers=viewer).getvalue().decode().splitlines()
    assert csv[0] == "path,label,score,model_version,prediction_id,error,reference"
    assert csv[1].startswith("ok/2.jpg,") and csv[1].endswith(",'=2+2")


def test_what_a_row_does_not_find_is_its_own_error_and_harms_no_other(
    live,
    line_three,
    acme,
    carol,
    send,
    results,
):
    [globex] = system.tenants_of(carol)
    with tenant_scope(globex):
        image(globex, 7)
    with tenant_scope(acme):
        Image.objects.filter(sha256=sha256(1)).update(erased_at=timezone.now())
        gone = Image.objects.get(sha256=sha256(2))
    storage.discard(gone.storage_key)
    rows = [
        {"sha256": sha256(7)},  # of another tenant
        {"sha256": "no hash at all"},
        {"dataset": "Line 3", "path": "ok/1.jpg"},
        {"dataset": "Line 3", "path": "ok/9.jpg"},
        {"dataset": "Line 4", "path": "ok/1.jpg"},
        {"sha256": sha256(2)},
        {"sha256": sha256(0)},
    ]
    found = results(send("\n".join(map(json.dumps, rows)), kind="application/jsonl"))
    errors = [row.get("error", "") for row in found]
    assert errors[0] == errors[1] == "There is no image of this sha256."
    assert errors[2] == "This image was erased."
    assert "no image at this path" in errors[3] and "no dataset “Line 4”" in errors[4]
    assert "missing from storage" in errors[5]
    assert errors[6] == "" and found[6]["label"]


def test_a_dataset_of_the_same_name_elsewhere_is_not_meant(
    live,
    line_three,
    acme,
    alice,
    send,
    results,
):
    with tenant_scope(acme):
        other = factories.engagement(acme, alice, "Another line")
        dataset = Dataset.objects.create(engagement=other, name="Line 4", created_by=alice)
        Item.objects.create(dataset=dataset, image=image(acme, 5), path="5.jpg", label="ok")
    [row] = results(send('{"dataset": "Line 4", "path": "5.jpg"}', kind="application/jsonl"))
    assert "no dataset “Line 4” in this engagement" in row["error"]


def test_a_path_with_several_images_wants_a_hash(live, line_three, acme, send, results):
    with tenant_scope(acme):
        Item.objects.create(dataset=line_three, image=image(acme, 6), path="ok/0.jpg", label="ok")
    [row] = results(send("dataset,path\nLine 3,ok/0.jpg\n"))
    assert "several images" in row["error"]


def test_the_manifest_of_a_dataset_version_can_be_sent_as_it_is(
    live,
    line_three,
    acme,
    alice,
    send,
    results,
):
    with tenant_scope(acme):
        version = DatasetVersion.objects.create(
            dataset=line_three,
            number=1,
            classes=["ok"],
            split_policy="stratified",
            seed=1,
            counts={},
            manifest_sha256="0" * 64,
            created_by=alice,
        )
        for item in line_three.items.select_related("image"):
            VersionItem.objects.create(
                version=version, image=item.image, path=item.path, label="ok", split="test"
            )
    text = b"".join(csv_of(version)).decode()
    assert text.startswith("sha256,path,label,split,group")
    rows = results(send(text))
    assert {row["path"] for row in rows} == {f"ok/{n}.jpg" for n in range(3)}
    assert not any("error" in row for row in rows)


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("url\nhttp://169.254.169.254/\n", "text/csv", "line 1: unknown column: url"),
        ("sha256,reference\nabc\n", "text/csv", "line 2: it has not as many fields"),
        ("sha256\nabc\nabc,def\n", "text/csv", "line 3: it has not as many fields"),
        ('sha256\n"abc\n', "text/csv", "line 2: "),
        ("dataset,path\nLine 3,\n", "text/csv", "line 2: it names no image"),
        ("sha256\n", "text/csv", "it names no image"),
        ("\n", "text/csv", "it names no image"),
        ('{"sha256": "a"}\n{"sha256"', "application/jsonl", "line 2: it is not JSON"),
        ('{"sha256": "a"}\n["b"]', "application/jsonl", "line 2: it is not a JSON object"),
        ('{"sha256": 7}', "application/jsonl", "line 1: its values must be text"),
        ('{"sha256": "a\\u0000"}', "application/jsonl", "line 1: its values must be text"),
        ('{"image_url": "x"}', "application/jsonl", "line 1: unknown column: image_url"),
        (f'{{"sha256": "a", "reference": "{"r" * 201}"}}', "application/jsonl", "at most 200"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number(
    text,
    kind,
    problem,
    live,
    acme,
    send,
):
    refused = send(text, kind=kind, name="night")
    assert refused.status_code == 422, refused.content
    assert problem in refused.json()["error"]
    with tenant_scope(acme):
        assert not BulkPrediction.objects.exists()


def test_a_manifest_of_too_many_rows_or_bytes_is_refused(live, send, settings, monkeypatch):
    settings.LEPTON_MAX_IMPORT_FILES = 2
    refused = send("sha256\na\nb\nc\n")
    assert refused.status_code == 422 and "more than 2 images" in refused.json()["error"]
    monkeypatch.setattr(manifest, "MAX_BYTES", 10)
    assert send("sha256\naaaaaaaaaaaa\n").status_code == 422


def test_bytes_that_are_no_text_and_fields_that_nobody_knows_are_refused(live, client, key, send):
    bearer = {"Authorization": f"Bearer {key}"}
    sent = {"content_type": "text/csv", "headers": bearer}
    assert client.post(API, b"sha256\n\xff\xfe\n", **sent).status_code == 422
    form = {"file": io.BytesIO(b"sha256\na\n"), "splits": io.BytesIO(b"x")}
    assert client.post(API, form, headers=bearer).status_code == 400


def test_a_form_takes_a_manifest_by_its_name(live, line_three, client, key, results):
    file = io.BytesIO(f"sha256\n{sha256(0)}\n".encode())
    file.name = "night.csv"
    started = client.post(API, {"file": file}, headers={"Authorization": f"Bearer {key}"})
    assert started.json()["source"] == "night.csv"
    assert results(started)[0]["label"]


def test_a_stranger_cannot_send_one_and_a_key_to_look_cannot_either(
    castings, acme, alice, globex_key, send
):
    assert send("sha256\na\n", with_key=globex_key).status_code == 404
    looking = factories.api_key(acme, alice, "view")
    assert send("sha256\na\n", with_key=looking).status_code == 403


@pytest.fixture
def globex_key(carol):
    [globex] = system.tenants_of(carol)
    return factories.api_key(globex, carol, "predict")


def test_the_endpoint_page_takes_a_manifest_and_names_the_line_at_fault(
    live,
    line_three,
    castings,
    alice,
    browse,
    acme,
):
    page = reverse("serving:bulk", args=["acme", castings.engagement_id])
    wrong = {"archive": ContentFile(b"sha256,where\nabc,here\n", "night.csv")}
    refused = browse(alice).post(page, wrong, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "line 1: unknown column: where" in refused.content.decode()
    right = {"archive": ContentFile(f"sha256\n{sha256(0)}\n".encode(), "night.csv")}
    assert browse(alice).post(page, right).status_code == 302
    work_off()
    with tenant_scope(acme):
        done = BulkPrediction.objects.get()
        assert (done.state, done.rows.get().error, done.source) == ("succeeded", "", "night.csv")
