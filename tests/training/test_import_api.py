"""Data by API: raw and form uploads, reading, freezing, refusals as problem details."""

import csv
import hashlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import system
from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import services
from training.models import Import, Item

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/tenants/acme"


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def dataset(acme, alice, engagement):
    with tenant_scope(acme):
        return services.first_dataset(engagement, by=alice)


@pytest.fixture
def key(acme, alice):
    """Headers of a client that may send data."""
    return {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view', 'data')}"}


def send(client, dataset, headers, data, query="", **options):
    url = f"{API}/datasets/{dataset.pk}/imports{query}"
    options = {"content_type": "application/zip"} | options
    return client.post(url, data=data, headers=headers, **options)


def count_imports(tenant):
    with tenant_scope(tenant):
        return Import.objects.count()


def test_a_client_sends_a_zip_and_follows_its_import(acme, client, dataset, key):
    data = zipped(two_classes(3) | {"ok/notes.txt": b"x"})
    sent = send(client, dataset, key, data, "?filename=week-7.zip")
    assert sent.status_code == 202, sent.content
    made = sent.json()
    assert (made["state"], made["source"]) == ("queued", "week-7.zip")
    assert made["sha256"] == hashlib.sha256(data).hexdigest()
    imports.work()
    done = client.get(f"{API}/imports/{made['id']}", headers=key).json()
    assert done["state"] == "succeeded"
    assert done["outcomes"] == {"accepted": 6, "corrupt": 1}
    rows = client.get(f"{API}/imports/{made['id']}/rows?outcome=corrupt", headers=key).json()
    assert [row["path"] for row in rows["results"]] == ["ok/notes.txt"]
    assert rows["results"][0]["reason"] and rows["results"][0]["fix"]


def test_the_name_may_come_in_content_disposition(client, dataset, key):
    named = key | {"Content-Disposition": 'attachment; filename="../../a b.zip"'}
    assert send(client, dataset, named, zipped(two_classes(1))).json()["source"] == "a b.zip"


def test_a_form_may_carry_a_splits_file(acme, client, dataset, key):
    form = {
        "file": SimpleUploadedFile("f.zip", zipped(two_classes(1))),
        "splits": SimpleUploadedFile("s.csv", b"file,split\nok/0.png,test\n"),
    }
    url = f"{API}/datasets/{dataset.pk}/imports"
    assert client.post(url, form, headers=key).status_code == 202
    imports.work()
    assert imports.items(acme)["ok/0.png"] == ("ok", "test", "")


def test_an_unknown_field_of_the_form_is_named(acme, client, dataset, key):
    form = {"file": SimpleUploadedFile("f.zip", zipped(two_classes(1))), "label": "ok"}
    refused = client.post(f"{API}/datasets/{dataset.pk}/imports", form, headers=key)
    assert refused.status_code == 400
    assert refused.json()["fields"] == {"label": ["Unknown field. Known fields: file, splits."]}
    assert count_imports(acme) == 0


def test_what_is_no_zip_is_refused_at_once(acme, client, dataset, key, tmp_path):
    for body in (b"", b"hello", b"%PDF-1.7 no image"):
        refused = send(client, dataset, key, body, "?filename=photo.jpg")
        assert refused.status_code == 400
        assert refused["Content-Type"] == "application/problem+json"
        assert "“photo.jpg” is not a zip archive" in refused.json()["error"]
    assert count_imports(acme) == 0
    assert not [f for f in (tmp_path / "storage").rglob("*") if f.is_file()]


def test_too_large_a_zip_is_a_413(acme, client, dataset, key, settings, tmp_path):
    settings.LEPTON_MAX_UPLOAD_BYTES = 500
    refused = send(client, dataset, key, zipped(two_classes(1)))
    assert refused.status_code == 413
    assert refused["Content-Type"] == "application/problem+json"
    assert "too large: at most 500" in refused.json()["error"]
    assert count_imports(acme) == 0
    assert not [f for f in (tmp_path / "storage").rglob("*") if f.is_file()]


def test_a_key_without_the_scope_and_a_viewer_send_nothing(
    acme, alice, bob, client, browse, dataset
):
    reader = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view')}"}
    assert send(client, dataset, reader, zipped(two_classes(1))).status_code == 403
    assert send(browse(bob), dataset, {}, zipped(two_classes(1))).status_code == 403
    assert count_imports(acme) == 0


def test_another_tenants_dataset_does_not_exist(acme, carol, dataset, client):
    globex = system.tenants_of(carol)[0]
    theirs = {"Authorization": f"Bearer {factories.api_key(globex, carol, 'view', 'data')}"}
    stolen = f"/api/v1/tenants/globex/datasets/{dataset.pk}"
    assert client.get(stolen, headers=theirs).status_code == 404
    assert (
        client.post(
            f"{stolen}/imports", zipped(two_classes(1)), "application/zip", headers=theirs
        ).status_code
        == 404
    )
    assert client.get(f"{API}/datasets/{dataset.pk}", headers=theirs).status_code == 404


def test_datasets_are_made_listed_and_named_once(client, engagement, key):
    url = f"{API}/engagements/{engagement.pk}/datasets"
    made = client.post(url, {"name": "Night shift"}, "application/json", headers=key)
    assert made.status_code == 201
    again = client.post(url, {"name": "Night shift"}, "application/json", headers=key)
    assert again.status_code == 400
    assert [d["name"] for d in client.get(url, headers=key).json()["results"]] == ["Night shift"]
    unknown = client.post(url, {"name": "b", "size": 3}, "application/json", headers=key)
    assert unknown.json()["fields"] == {"size": ["Unknown field. Known fields: name."]}


def test_a_dataset_tells_its_health(acme, alice, client, engagement, dataset, key):
    empty = client.get(f"{API}/datasets/{dataset.pk}", headers=key).json()
    assert (empty["images"], empty["imbalance"], empty["width"]) == (0, None, None)
    files = two_classes(2) | {"ok/wide.png": picture(99, size=(90, 30))}
    imports.run(acme, engagement, alice, zipped(files))
    facts = client.get(f"{API}/datasets/{dataset.pk}", headers=key).json()
    assert facts["counts"] == {"ok": {"": 3}, "scratch": {"": 2}}
    assert facts["imbalance"] == 1.5
    assert facts["width"] == {"least": 40, "middle": 40, "greatest": 90}


def test_items_carry_links_that_open(acme, alice, client, engagement, dataset, key):
    imports.run(acme, engagement, alice, zipped(two_classes(2)))
    page = client.get(f"{API}/datasets/{dataset.pk}/items?label=ok&limit=1", headers=key).json()
    (item,) = page["results"]
    assert page["next"] and item["label"] == "ok"
    image = client.get(item["url"])
    assert hashlib.sha256(image.content).hexdigest() == item["sha256"]
    with tenant_scope(acme):
        assert str(Item.objects.get(pk=item["id"]).image_id) == item["image"]


def test_a_version_is_frozen_read_compared_and_downloaded(
    acme, alice, client, engagement, dataset, key
):
    url = f"{API}/datasets/{dataset.pk}/versions"
    imports.run(acme, engagement, alice, zipped(two_classes(4)))
    first = client.post(url, {"seed": 5}, "application/json", headers=key)
    assert first.status_code == 201, first.content
    imports.run(acme, engagement, alice, zipped(two_classes(3, first_seed=7000)))
    second = client.post(url, {"seed": 5}, "application/json", headers=key).json()
    assert [v["number"] for v in client.get(url, headers=key).json()["results"]] == [2, 1]
    at = f"{API}/dataset-versions/{second['id']}"
    changed = client.get(f"{at}/diff?since={first.json()['id']}", headers=key).json()
    assert (changed["added"], changed["removed"], changed["relabelled"]) == (6, 0, 0)
    manifest = b"".join(client.get(f"{at}/manifest.csv", headers=key).streaming_content)
    assert hashlib.sha256(manifest).hexdigest() == second["manifest_sha256"]
    rows = list(csv.DictReader(io.StringIO(manifest.decode())))
    tested = client.get(f"{at}/items?split=test", headers=key).json()["results"]
    assert {r["sha256"] for r in rows if r["split"] == "test"} == {i["sha256"] for i in tested}


def test_refusals_of_a_freeze_name_field_or_class(client, dataset, key):
    url = f"{API}/datasets/{dataset.pk}/versions"
    for body, words in [
        ({}, "There are no images yet"),
        ({"seed": -1}, "seed"),
        ({"ratio": 0.5}, "ratio: Unknown field"),
        ({"split_policy": "random"}, "split_policy"),
    ]:
        refused = client.post(url, body, "application/json", headers=key)
        assert refused.status_code == 400 and words in refused.json()["error"], body


def test_narrowing_by_what_does_not_exist_is_refused(client, dataset, key):
    refused = client.get(f"{API}/datasets/{dataset.pk}/items?split=dev", headers=key)
    assert refused.status_code == 400
    assert refused.json()["fields"] == {"split": ["Choose one of: train, valid, test."]}


def test_an_import_is_cancelled_once(acme, alice, client, engagement, key):
    waiting = imports.start(acme, engagement, alice, zipped(two_classes()))
    url = f"{API}/imports/{waiting.pk}/cancel"
    assert client.post(url, headers=key).json()["state"] == "cancelled"
    assert client.post(url, headers=key).status_code == 400
