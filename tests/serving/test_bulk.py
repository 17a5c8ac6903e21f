"""A zip of images is answered in the background: every image once, whatever happens meanwhile."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from serving.bulk import services, worker
from serving.models import BulkPrediction, Prediction
from tests import factories
from tests.serving import models
from training import leases
from training.datasets import uploads

API = "/api/v1/tenants/acme/endpoints/castings/bulk-predictions"


def archive(count=3, **more) -> bytes:
    """Images, with other files by name."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for number in range(count):
            file.writestr(f"night/{number}.jpg", models.picture((40 * number, 90, 20)))
        for name, data in more.items():
            file.writestr(name, data)
    return target.getvalue()


@pytest.fixture
def bulk(live, acme, alice, castings):
    return start(acme, castings, alice)


def start(tenant, endpoint, by, data=None):
    stored = uploads.receive(io.BytesIO(data or archive()), name="night.zip", tenant=tenant)
    with tenant_scope(tenant):
        return services.start(endpoint, upload=stored, by=by)


def again(bulk):
    with tenant_scope(bulk.tenant_id):
        return BulkPrediction.objects.get(pk=bulk.pk)


def work_off(**options):
    return leases.work_off("bulk", worker.carry_out, **options)


def logged(process, tenant, count):
    """The predictions, once the data plane has written them."""

    def found():
        with tenant_scope(tenant):
            return list(Prediction.objects.order_by("reference"))

    process.until(lambda: len(found()) >= count)
    return found()


def test_a_program_sends_a_zip_and_fetches_a_line_for_each_image(
    live, inference, client, acme, alice, key
):
    headers = {"Authorization": f"Bearer {key}"}
    extra = {"notes.txt": b"no image", "__MACOSX/0.jpg": b"", "=1+1.jpg": models.picture()}
    sent = archive(2, **extra)
    kind = {"content_type": "application/zip", "headers": headers}
    started = client.post(f"{API}?filename=night.zip", sent, **kind)
    assert started.status_code == 202, started.content
    assert (started.json()["state"], started.json()["source"]) == ("queued", "night.zip")
    assert work_off() == 1
    address = f"/api/v1/tenants/acme/bulk-predictions/{started.json()['id']}"
    viewer = {"headers": {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view')}"}}
    shown = client.get(address, **viewer).json()
    assert (shown["state"], shown["files_done"], shown["files_total"]) == ("succeeded", 4, 4)
    assert shown["refused"] == 1 and shown["by"] == "API key test client"
    csv = client.get(f"{address}/results/csv", **viewer).getvalue().decode().splitlines()
    assert csv[0] == "path,label,score,model_version,prediction_id,error,reference"
    assert len(csv) == 5 and csv[4].startswith("'=1+1.jpg,")
    assert csv[3].startswith("notes.txt,,,,,") and "image" in csv[3]
    lines = client.get(f"{address}/results/jsonl", **viewer).getvalue().decode().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0]["path"] == "night/0.jpg" and rows[0]["model_version"] == 1
    assert set(rows[0]["scores"]) == set(models.CLASSES)
    assert sum(rows[0]["scores"].values()) == pytest.approx(1, abs=1e-5)
    predictions = logged(inference, acme, 3)
    answered = {row["prediction_id"] for row in rows if "error" not in row}
    assert {str(one.pk) for one in predictions} == answered
    assert {(one.source, one.user_id) for one in predictions} == {("bulk", None)}
    assert client.get(f"{address}/results/xlsx", **viewer).status_code == 404
    assert client.get(API, **viewer).json()["results"][0]["id"] == shown["id"]
    with tenant_scope(acme):
        done = TimelineEntry.objects.get(kind="bulk.finished")
        assert (done.params["answered"], done.params["total"]) == (3, 4)
        assert not default_storage.exists(BulkPrediction.objects.get().upload_key)


def test_the_endpoint_page_takes_a_zip_shows_how_far_it_is_and_gives_the_answers(
    live, castings, alice, bob, browse
):
    with tenant_scope(castings.tenant_id):
        page = castings.get_absolute_url()
    address = ["acme", castings.engagement_id]
    sent = {"archive": ContentFile(archive(), "night.zip")}
    answer = browse(alice).post(reverse("serving:bulk", args=address), sent)
    assert answer.status_code == 302 and answer["Location"] == f"{page}#bulk-panel"
    waiting = browse(alice).get(page).content.decode()
    assert "night.zip" in waiting and "Queued" in waiting and "Cancel" in waiting
    work_off()
    done = browse(bob).get(page).content.decode()
    assert "3 images" in done and "Succeeded" in done and "Drop a zip of images" not in done
    with tenant_scope(castings.tenant_id):
        pk = BulkPrediction.objects.get().pk
    file = browse(bob).get(reverse("serving:bulk_download", args=[*address, pk, "csv"]))
    assert "attachment" in file["Content-Disposition"]
    assert len(file.getvalue().splitlines()) == 4
    wrong = reverse("serving:bulk_download", args=[*address, pk, "xlsx"])
    assert browse(bob).get(wrong).status_code == 404


def test_what_cannot_be_started_is_refused_in_words(castings, acme, alice, browse, client, key):
    with pytest.raises(ValidationError, match="No model answers"):
        start(acme, castings, alice)
    page = reverse("serving:bulk", args=["acme", castings.engagement_id])
    empty = browse(alice).post(page)
    assert empty.status_code == 422 and "Choose a zip file" in empty.content.decode()
    wrong = browse(alice).post(
        page, {"archive": ContentFile(b"no zip", "a.zip")}, headers={"HX-Request": "true"}
    )
    assert wrong.status_code == 422 and "not a zip archive" in wrong.content.decode()
    sent = {"content_type": "application/zip", "headers": {"Authorization": f"Bearer {key}"}}
    refused = client.post(API, archive(), **sent)
    assert refused.status_code == 400 and "No model answers" in refused.json()["error"]
    with tenant_scope(acme):
        assert not BulkPrediction.objects.exists()


def test_an_archive_without_images_fails_and_says_what_to_do(live, acme, alice, castings):
    bulk = start(acme, castings, alice, archive(0, **{".DS_Store": b"x"}))
    work_off()
    failed = again(bulk)
    assert failed.state == "failed" and "no images" in failed.cause and failed.hint


def test_one_that_waits_is_cancelled_at_once(bulk, acme, alice):
    with tenant_scope(acme):
        services.cancel(bulk, by=alice)
        with pytest.raises(ValidationError, match="ended"):
            services.cancel(bulk, by=alice)
    assert again(bulk).state == "cancelled" and not default_storage.exists(bulk.upload_key)
    assert work_off() == 0


def test_one_at_work_is_cancelled_after_a_step_and_keeps_its_answers(
    bulk, acme, alice, monkeypatch
):
    monkeypatch.setattr(worker, "STEP", 1)
    ask = worker.Asker.row

    def ask_and_cancel(self, position, *facts):
        if position == 0:
            with tenant_scope(acme):
                services.cancel(bulk, by=alice)
            connection.close()  # of this thread
        return ask(self, position, *facts)

    monkeypatch.setattr(worker.Asker, "row", ask_and_cancel)
    work_off()
    cancelled = again(bulk)
    assert (cancelled.state, cancelled.files_done) == ("cancelled", 1)
    with tenant_scope(acme):
        assert cancelled.rows.count() == 1


def test_after_a_lost_worker_every_image_is_still_answered_once(bulk, acme, inference, monkeypatch):
    write = worker._file
    monkeypatch.setattr(worker, "STEP", 2)
    monkeypatch.setattr(worker, "_file", lambda *facts: 1 / 0)  # lost before it could write
    work_off()
    broken = again(bulk)
    assert (broken.state, broken.files_done) == ("running", 0) and "ZeroDivision" in broken.cause
    with tenant_scope(acme):
        past = timezone.now() - timedelta(seconds=1)
        BulkPrediction.objects.update(lease_expires_at=past)
    monkeypatch.setattr(worker, "_file", write)
    work_off()
    done = again(bulk)
    assert (done.state, done.files_done, done.attempt) == ("succeeded", 3, 2)
    predictions = logged(inference, acme, 3)
    assert [one.reference for one in predictions] == [f"night/{n}.jpg" for n in range(3)]
    with tenant_scope(acme):
        kept = set(done.rows.values_list("prediction_id", flat=True))
    assert kept == {one.pk for one in predictions}


def test_a_long_one_lets_others_have_their_turn(bulk, acme, alice, castings, monkeypatch):
    later = start(acme, castings, alice)
    monkeypatch.setattr(worker, "TURN_SECONDS", -1.0)
    assert work_off(most=1) == 1
    assert (again(bulk).state, again(bulk).claimed_by) == ("running", "")
    assert work_off(most=1) == 1
    assert again(later).state == "running"
    monkeypatch.setattr(worker, "TURN_SECONDS", 20.0)
    assert work_off() == 2
    assert [again(one).state for one in (bulk, later)] == ["succeeded", "succeeded"]


def test_an_endpoint_that_is_gone_fails_it(bulk, monkeypatch):
    monkeypatch.setattr("serving.tokens.sign_bulk", lambda endpoint, user_id: "lepb_forged")
    work_off()
    assert again(bulk).state == "failed" and "pass" in again(bulk).cause
