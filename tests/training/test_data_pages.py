"""The data pages, as people meet them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.models import DatasetVersion, Import

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def data_url(acme, engagement):
    return f"/t/acme/e/{engagement.pk}/data/"


def archive(data, name="pictures.zip"):
    return SimpleUploadedFile(name, data, "application/zip")


def upload(client, data_url, data, **fields):
    return client.post(f"{data_url}upload/", {"archive": archive(data), **fields})


def newest_import(tenant):
    with tenant_scope(tenant):
        return Import.objects.newest_first().first()


def test_alice_uploads_a_zip_and_reads_what_became_of_each_file(acme, alice, browse, data_url):
    client = browse(alice)
    files = two_classes(3) | {"ok/notes.txt": b"hello", "__MACOSX/ok/._0.png": b"x"}
    sent = upload(client, data_url, zipped(files))
    assert sent.status_code == 302
    assert "Queued" in client.get(sent["Location"]).text
    imports.work()
    page = client.get(sent["Location"]).text
    assert "Succeeded" in page and "ok/notes.txt" in page
    assert "This is not an image in a format we know." in page
    assert "Needs a look" in page and "ok/0.png" not in page
    only = client.get(sent["Location"] + "?outcome=ignored").text
    assert "A file the operating system keeps for itself." in only and "notes.txt" not in only
    assert "ok/0.png" in client.get(sent["Location"] + "?outcome=all").text


def test_the_upload_of_a_htmx_page_goes_on_to_the_import(alice, browse, data_url):
    answer = browse(alice).post(
        f"{data_url}upload/",
        {"archive": archive(zipped(two_classes()))},
        headers={"HX-Request": "true"},
    )
    assert "/imports/" in answer["HX-Redirect"]


def test_what_is_no_zip_is_named_beside_the_form(acme, alice, browse, data_url):
    answer = upload(browse(alice), data_url, b"GIF89a not a zip")
    assert answer.status_code == 422
    assert "“pictures.zip” is not a zip archive" in answer.text
    assert newest_import(acme) is None


def test_a_zip_over_the_limit_is_refused_in_words(
    acme, alice, browse, data_url, settings, tmp_path
):
    settings.LEPTON_MAX_UPLOAD_BYTES = 1000
    answer = upload(browse(alice), data_url, zipped(two_classes()))
    assert answer.status_code == 413
    assert "The upload is too large: at most 1000" in answer.text
    assert newest_import(acme) is None
    assert not list((tmp_path / "storage").rglob("*.zip"))


def test_the_data_page_teaches_when_it_is_empty(alice, bob, browse, data_url):
    assert "Drop a zip with one folder per class" in browse(alice).get(data_url).text
    page = browse(bob).get(data_url).text
    assert "Somebody who may upload data" in page and "Upload and import" not in page


def test_the_data_page_shows_facts_gallery_and_versions(acme, alice, engagement, browse, data_url):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    client = browse(alice)
    page = client.get(data_url)
    assert "in 2 classes" in page.text and "Freeze a version" in page.text
    dataset = page.context["dataset"]
    thumbs = client.get(f"{data_url}{dataset.pk}/gallery/?label=ok")
    assert thumbs.text.count("<img") == 5
    frozen = client.post(f"{data_url}{dataset.pk}/freeze/", {"seed": "3", "split_policy": ""})
    page = client.get(frozen["Location"]).text
    assert "Images v1" in page and "Manifest (CSV)" in page
    report = client.get(frozen["Location"] + "export/csv/")
    assert b"".join(report.streaming_content).startswith(b"sha256,path,label,split,group\n")
    assert "Images v1" in client.get(data_url).text


def test_a_version_that_cannot_be_is_refused_in_the_dialog(
    acme, alice, engagement, browse, data_url
):
    files = two_classes(4) | {"scratch/only.png": picture(77)}
    imports.run(
        acme,
        engagement,
        alice,
        zipped(
            {
                k: v
                for k, v in files.items()
                if "scratch/0" not in k
                and "scratch/1" not in k
                and "scratch/2" not in k
                and "scratch/3" not in k
            }
        ),
    )
    client = browse(alice)
    dataset = client.get(data_url).context["dataset"]
    answer = client.post(f"{data_url}{dataset.pk}/freeze/", {"seed": "0"})
    assert answer.status_code == 422
    assert "The class “scratch” has 1 image; it needs at least 3" in answer.text
    with tenant_scope(acme):
        assert not DatasetVersion.objects.exists()


def test_bob_may_look_and_change_nothing(acme, alice, bob, engagement, browse, data_url):
    done = imports.run(acme, engagement, alice, zipped(two_classes()))
    client = browse(bob)
    dataset = client.get(data_url).context["dataset"]
    assert client.get(f"{data_url}imports/{done.pk}/").status_code == 200
    for url in ("upload/", f"{dataset.pk}/freeze/", f"imports/{done.pk}/cancel/"):
        assert client.post(data_url + url).status_code == 403, url
    assert "Freeze a version" not in client.get(data_url).text


def test_carol_finds_nothing(acme, alice, carol, engagement, browse, data_url):
    done = imports.run(acme, engagement, alice, zipped(two_classes()))
    for url in ("", f"imports/{done.pk}/", f"imports/{done.pk}/rows.csv"):
        assert browse(carol).get(data_url + url).status_code == 404, url


def test_the_report_is_a_csv_with_reasons(acme, alice, engagement, browse, data_url):
    done = imports.run(acme, engagement, alice, zipped({"=cmd.txt": b"x", **two_classes(1)}))
    report = browse(alice).get(f"{data_url}imports/{done.pk}/rows.csv")
    lines = b"".join(report.streaming_content).decode().splitlines()
    assert lines[0] == "path,outcome,label,split,reason,fix"
    assert lines[1].startswith("'=cmd.txt,corrupt")
    assert len(lines) == 4


def test_a_waiting_import_is_cancelled_at_once(acme, alice, engagement, browse, data_url):
    waiting = imports.start(acme, engagement, alice, zipped(two_classes()))
    browse(alice).post(f"{data_url}imports/{waiting.pk}/cancel/")
    assert imports.work() == 0
    assert imports.again(acme, waiting).state == "cancelled"


def test_the_overviews_panel_shows_the_newest_versions_splits(
    acme, alice, engagement, browse, data_url
):
    imports.run(acme, engagement, alice, zipped(two_classes(5)))
    client = browse(alice)
    dataset = client.get(data_url).context["dataset"]
    client.post(f"{data_url}{dataset.pk}/freeze/", {"seed": "3", "split_policy": ""})
    panel = client.get(f"/t/acme/e/{engagement.pk}/panels/data/").text
    assert "Images v1" in panel and "No split yet" not in panel
    assert all(name in panel for name in ("Train", "Validation", "Test"))


def test_the_overviews_panel_shows_the_working_set(acme, alice, engagement, browse):
    imports.run(acme, engagement, alice, zipped(two_classes(3)))
    panel = browse(alice).get(f"/t/acme/e/{engagement.pk}/panels/data/").text
    assert "scratch" in panel and "No version is frozen yet" in panel


def test_a_splits_file_goes_with_the_zip(acme, alice, browse, data_url):
    lines = [
        "file,split",
        *(f"{name},{'test' if '0' in name else 'train'}" for name in two_classes(3)),
    ]
    splits = SimpleUploadedFile("splits.csv", "\n".join(lines).encode(), "text/csv")
    sent = upload(browse(alice), data_url, zipped(two_classes(3)), splits=splits)
    assert sent.status_code == 302, sent.text
    imports.work()
    assert imports.items(acme)["ok/0.png"] == ("ok", "test", "")
    assert imports.items(acme)["ok/1.png"] == ("ok", "train", "")


def test_a_watching_page_gets_the_live_part_alone(acme, alice, engagement, browse, data_url):
    done = imports.run(acme, engagement, alice, zipped(two_classes(2)))
    for url, root in (
        (data_url, 'id="data-live"'),
        (f"{data_url}imports/{done.pk}/", 'id="import"'),
    ):
        part = browse(alice).get(url, headers={"HX-Request": "true"}).text
        assert root in part and "<html" not in part
        assert f"engagement:{engagement.pk}" in part or f"import:{done.pk}" in part
