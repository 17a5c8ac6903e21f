"""Erasing a subject: the list first, a confirmation, then the bytes; the hashes stay."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import ProgrammingError, transaction
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements.models import ActionItem, Document, TimelineEntry
from feedback.erasure import services, work
from feedback.erasure.models import Erasure
from feedback.models import Signs
from lepton.lib import storage
from serving.models import BulkRow, Prediction
from tests import factories
from training import leases
from training.datasets import filing, manifest
from training.datasets.examine import Finding
from training.datasets.layout import Place
from training.engine.features import FeatureCache
from training.models import Image, ImageVector, ImportRow, Item, VersionItem
from training.runs import materials

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8\xff\xe0 a picture"
SHA = hashlib.sha256(PICTURE).hexdigest()
REASON = "Asked for in writing on 3 November."


@pytest.fixture
def patient(place, predict):
    """An image of the group “patient 7”, in the data, frozen in a version, and asked about."""
    with tenant_scope(place.tenant):
        key = f"tenants/{place.tenant.pk}/images/aa/{SHA}.jpg"
        default_storage.save(key, ContentFile(PICTURE))
        sent = f"tenants/{place.tenant.pk}/inputs/{SHA}.jpg"
        default_storage.save(sent, ContentFile(PICTURE))
        image = Image.objects.create(
            sha256=SHA,
            original_sha256=SHA,
            width=64,
            height=64,
            size_bytes=len(PICTURE),
            storage_key=key,
            thumbprint=b"x" * 1024,
        )
        where = {"image": image, "path": "ok/7.jpg", "label": "ok", "group": "patient 7"}
        Item.objects.create(dataset=place.dataset, **where)
        VersionItem.objects.create(version=place.version, split="test", **where)
        place.evaluation.items.create(
            image=image, path="ok/7.jpg", label="ok", answer="ok", score=0.7, scores=[0.7, 0.3]
        )
    place.asked = predict(reference="visit-7", input_sha256=SHA, input_key=sent)
    place.picture, place.keys = image, [key, sent]
    return place


@pytest.fixture
def ask(patient, alice):
    """Ask to erase a subject: `ask("group", "patient 7")`."""

    def asked(kind="group", subject="patient 7"):
        with tenant_scope(patient.tenant):
            return services.ask_for_erasure(
                patient.engagement, kind=kind, subject=subject, reason=REASON, by=alice
            )

    return asked


@pytest.fixture
def erase(patient, alice, ask):
    """Ask, confirm and have a worker do it."""

    def done(*subject, **options):
        erasure = ask(*subject)
        with tenant_scope(patient.tenant):
            found = services.listing.look(erasure.kind, erasure.subject)
            services.confirm_erasure(erasure, touches_sha256=found.sha256, by=alice, **options)
        assert leases.work_off("erasure", work.carry_out) == 1
        with tenant_scope(patient.tenant):
            return Erasure.objects.select_related("receipt").get(pk=erasure.pk)

    return done


def test_first_it_lists_exactly_what_is_touched(browse, alice, patient):
    url = f"/api/v1/tenants/acme/engagements/{patient.engagement.pk}/erasures"
    body = {"kind": "group", "subject": "patient 7", "reason": REASON}
    answer = browse(alice).post(url, body, content_type="application/json")
    assert answer.status_code == 201, answer.json()
    touches = answer.json()["touches"]
    assert touches["images"] == [{"id": str(patient.picture.pk), "sha256": SHA}]
    assert touches["inputs"] == [SHA] and touches["predictions"] == [str(patient.asked.pk)]
    assert [one["name"] for one in touches["dataset_versions"]] == ["parts v1"]
    assert [one["id"] for one in touches["model_versions"]] == [str(patient.model.pk)]
    assert (touches["items"], touches["others"]) == (1, [])
    assert all(default_storage.exists(key) for key in patient.keys)  # nothing is gone yet


def test_a_subject_is_known_by_reference_prediction_or_image_too(ask, patient):
    for kind, subject in (
        ("reference", "visit-7"),
        ("prediction", str(patient.asked.pk)),
        ("image", str(patient.picture.pk)),
    ):
        erasure = ask(kind, subject)
        with tenant_scope(patient.tenant):
            found = services.listing.look(erasure.kind, erasure.subject)
        assert [one.pk for one in found.images] == [patient.picture.pk], kind
        assert [one.pk for one in found.predictions] == [patient.asked.pk], kind


def test_what_nobody_knows_and_what_has_no_reason_is_refused(browse, alice, patient):
    url = reverse("feedback:erasures", args=["acme", patient.engagement.pk])
    client = browse(alice)
    unknown = client.post(url, {"kind": "group", "subject": "patient 8", "reason": REASON})
    assert unknown.status_code == 422 and "Nothing of this subject" in unknown.text
    wrong = client.post(url, {"kind": "image", "subject": "no id", "reason": REASON})
    assert wrong.status_code == 422
    assert client.post(url, {"kind": "group", "subject": "patient 7"}).status_code == 422


def test_confirmed_it_is_gone_from_storage_and_hashes_stay(erase, patient):
    with tenant_scope(patient.tenant):
        before = b"".join(manifest.csv_of(patient.version))
    erasure = erase()
    assert erasure.state == "succeeded"
    assert not any(default_storage.exists(key) for key in patient.keys)
    with tenant_scope(patient.tenant):
        image = Image.objects.get(pk=patient.picture.pk)
        assert (image.sha256, image.thumbprint) == (SHA, None) and image.erased_at
        assert not Item.objects.filter(group="patient 7").exists()
        assert Prediction.objects.get(pk=patient.asked.pk).input_key == ""
        assert b"".join(manifest.csv_of(patient.version)) == before  # still verifiable
        assert patient.version.erased_images == 1


def test_the_receipt_names_what_went_and_what_stays(erase, patient):
    erasure = erase()
    text = storage.get(erasure.receipt.storage_key).decode()
    assert SHA in text and REASON in text and "Alice" in text
    assert "parts v1: 1 images" in text and "Model version 1" in text
    assert "Predictions without their inputs: 1" in text


def test_the_training_without_it_is_asked_for(erase, patient, browse, mei):
    erase()
    with tenant_scope(patient.tenant):
        item = ActionItem.objects.get(title__startswith="Freeze the data anew")
        assert (item.side, item.engagement_id) == ("vendor", patient.engagement.pk)
        kinds = set(TimelineEntry.objects.values_list("kind", flat=True))
        assert {"erasure.asked", "erasure.confirmed", "erasure.done"} <= kinds
        entry = AuditEntry.objects.get(verb="erasure.confirmed")
        assert "patient 7" not in entry.subject_label and entry.actor_label == "Alice"


def test_no_page_breaks_where_the_image_was_shown(erase, patient, browse, bob):
    erase()
    client, engagement = browse(bob), patient.engagement.pk
    gallery = reverse("training:version_gallery", args=["acme", engagement, patient.version.pk])
    assert "Erased" in client.get(gallery).text
    answers = reverse("training:model_answers", args=["acme", engagement, patient.model.pk])
    assert "Erased" in client.get(answers).text
    asked = reverse("feedback:prediction", args=["acme", engagement, patient.asked.pk])
    assert "The input was erased for good." in client.get(asked).text
    trace = reverse("feedback:trace", args=["acme", engagement])
    assert "Erased" in client.get(trace, {"image": patient.picture.pk}).text
    for name, row in (("dataset_version", patient.version), ("model", patient.model)):
        page = client.get(reverse(f"training:{name}", args=["acme", engagement, row.pk])).text
        assert "1 image was erased for good" in page
    address = f"/api/v1/tenants/acme/dataset-versions/{patient.version.pk}"
    assert client.get(address).json()["erased_images"] == 1
    rows = client.get(f"{address}/items").json()["results"]
    assert [row["url"] for row in rows if row["sha256"] == SHA] == [""]


def test_an_exported_zip_names_what_it_no_longer_has(erase, patient, browse, alice):
    erase()
    url = reverse(
        "training:version_export", args=["acme", patient.engagement.pk, patient.version.pk, "zip"]
    )
    with zipfile.ZipFile(io.BytesIO(browse(alice).get(url).getvalue())) as archive:
        assert "ok/7.jpg" in archive.read("erased.csv").decode()
        assert not any(SHA[:12] in name for name in archive.namelist())


def test_nothing_is_trained_on_an_affected_version(erase, patient, browse, alice):
    erase()
    url = f"/api/v1/tenants/acme/engagements/{patient.engagement.pk}/runs"
    body = {"dataset_version": str(patient.version.pk), "method": "fine_tune"}
    body |= {"backbone": "lepton_small"}
    answer = browse(alice).post(url, body, content_type="application/json")
    assert answer.status_code == 400
    assert "erased for good" in str(answer.json()["fields"])


def test_it_is_not_taken_in_again(erase, patient, django_capture_on_commit_callbacks):
    erase()
    storage.put(patient.keys[0], PICTURE)  # as the importer does before it asks the rows
    with tenant_scope(patient.tenant):
        known = Image.objects.get(pk=patient.picture.pk)
        finding = Finding(1, "ok/again.jpg", Place(label="ok"), image=known, is_known=True)
        with django_capture_on_commit_callbacks(execute=True):
            filing.file_batch(patient.import_, [finding])
        row = ImportRow.objects.get(path="ok/again.jpg")
    assert (row.outcome, row.item) == ("ignored", None) and "erased for good" in row.reason
    assert not default_storage.exists(patient.keys[0])


def test_cached_copies_and_features_go_and_others_stay(erase, patient):
    folder = materials.cache_of(patient.tenant.pk)
    cache = FeatureCache(folder, backbone="resnet18", weights_sha256="w")
    cache.add([f"{SHA}:0", "other:0"], np.ones((2, 4), np.float32))
    copy = folder / "images" / SHA[:2] / SHA
    copy.parent.mkdir(parents=True)
    copy.write_bytes(PICTURE)
    erase()
    fresh = FeatureCache(folder, backbone="resnet18", weights_sha256="w")
    assert set(fresh.get([f"{SHA}:0", "other:0"])) == {"other:0"}
    assert not copy.exists()


def test_the_same_bytes_of_somebody_else_need_a_word(ask, erase, patient, alice, browse, place):
    with tenant_scope(place.tenant):
        other = place.engagement.datasets.create(name="other parts", created_by_label="Alice")
        kept = Item.objects.create(
            dataset=other, image=patient.picture, path="9.jpg", label="ok", group="patient 9"
        )
    erasure = ask()
    client = browse(alice)
    page = client.get(erasure.get_absolute_url()).text
    assert "The same bytes belong to others too" in page and "patient 9" in page
    with tenant_scope(patient.tenant):
        sha256 = services.listing.look("group", "patient 7").sha256
    url = f"/api/v1/tenants/acme/erasures/{erasure.pk}/confirm"
    body = json.dumps({"touches_sha256": sha256})
    refused = client.post(url, body, content_type="application/json")
    assert refused.status_code == 400 and "others" in refused.json()["fields"]
    erase("group", "patient 7", others="keep")
    assert default_storage.exists(patient.keys[0])
    with tenant_scope(patient.tenant):
        assert not Item.objects.filter(group="patient 7").exists()
        assert Item.objects.filter(pk=kept.pk).exists()
    erase("group", "patient 9", others="erase")
    assert not default_storage.exists(patient.keys[0])


def test_a_list_that_changed_is_looked_at_again(ask, patient, predict, browse, alice):
    erasure = ask()
    client = browse(alice)
    url = f"/api/v1/tenants/acme/erasures/{erasure.pk}"
    seen = client.get(url).json()["touches_sha256"]
    predict(input_sha256=SHA)
    answer = client.post(
        f"{url}/confirm", {"touches_sha256": seen}, content_type="application/json"
    )
    assert answer.status_code == 409 and "look again" in answer.json()["detail"]


def test_only_who_manages_confirms_and_only_once(ask, patient, browse, alice, bob):
    erasure = ask()
    url = reverse("feedback:confirm_erasure", args=["acme", patient.engagement.pk, erasure.pk])
    with tenant_scope(patient.tenant):
        sha256 = services.listing.look("group", "patient 7").sha256
    body = {"touches_sha256": sha256, "is_sure": "on"}
    ravi = factories.staff("Ravi", "ml_engineer")
    assert browse(bob).post(url, body).status_code == 403
    assert browse(ravi).post(url, body).status_code == 403
    client = browse(alice)
    assert client.post(url, body | {"is_sure": ""}).status_code == 422
    assert client.post(url, body).status_code == 302
    assert client.post(url, body).status_code == 422
    page = client.get(erasure.get_absolute_url()).text
    assert "0 / 2" in page


def test_a_request_is_withdrawn_and_nothing_is_gone(ask, patient, browse, alice):
    erasure = ask()
    url = reverse("feedback:withdraw_erasure", args=["acme", patient.engagement.pk, erasure.pk])
    client = browse(alice)
    client.post(url)
    assert "Withdrawn" in client.get(erasure.get_absolute_url()).text
    assert all(default_storage.exists(key) for key in patient.keys)


def test_a_run_under_way_is_cancelled(erase, patient):
    with tenant_scope(patient.tenant):
        run = patient.run
        type(run).objects.filter(pk=run.pk).update(state="queued")
    erase()
    with tenant_scope(patient.tenant):
        run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_lost_worker_s_erasure_is_gone_on_with(ask, patient, alice, monkeypatch):
    erasure = ask()
    with tenant_scope(patient.tenant):
        found = services.listing.look(erasure.kind, erasure.subject)
        services.confirm_erasure(erasure, touches_sha256=found.sha256, by=alice)
    monkeypatch.setattr(work, "AT_ONCE", 1)
    discard, died = storage.discard, []

    def dies_once(key):
        discard(key)
        if not died:
            died.append(key)
            raise OSError("the machine went away")

    monkeypatch.setattr(work.storage, "discard", dies_once)
    leases.work_off("erasure", work.carry_out)
    with tenant_scope(patient.tenant):
        erasure.refresh_from_db()
        assert erasure.state == "running" and not erasure.pieces.exclude(erased_at=None).exists()
        Erasure.objects.update(lease_expires_at=None)
    assert leases.work_off("erasure", work.carry_out) == 1
    with tenant_scope(patient.tenant):
        erasure.refresh_from_db()
        assert erasure.state == "succeeded"
        assert Document.objects.filter(title="Receipt of an erasure").count() == 1
    assert not any(default_storage.exists(key) for key in patient.keys)


def test_predictions_are_changed_in_no_other_way(patient):
    with tenant_scope(patient.tenant):
        with pytest.raises(ProgrammingError), transaction.atomic():
            Prediction.objects.filter(pk=patient.asked.pk).update(input_key="")
        services.forget_inputs([patient.asked])
        assert Prediction.objects.get(pk=patient.asked.pk).input_key == ""


def test_another_tenant_s_inputs_are_out_of_reach(patient, carol):
    with tenant_scope(tenant_for(carol, "globex")):
        services.forget_inputs([patient.asked])
    with tenant_scope(patient.tenant):
        assert Prediction.objects.get(pk=patient.asked.pk).input_key


def test_strangers_learn_of_no_erasure(ask, patient, browse, carol):
    erasure = ask()
    assert browse(carol).get(erasure.get_absolute_url()).status_code == 404
    for tenant in ("acme", "globex"):
        url = f"/api/v1/tenants/{tenant}/erasures/{erasure.pk}"
        assert browse(carol).get(url).status_code == 404


def test_what_was_computed_from_it_goes_too(erase, patient):
    with tenant_scope(patient.tenant):
        Signs.objects.create(prediction=patient.asked, looks={}, features=b"1234")
        vector = {"network": "resnet18", "weights": "0" * 16, "vector": b"1" * 256}
        ImageVector.objects.create(image=patient.picture, **vector)
        BulkRow.objects.create(
            parent=patient.bulk, position=7, path="patient 7.jpg", prediction_id=patient.asked.pk
        )
    erase()
    with tenant_scope(patient.tenant):
        assert not Signs.objects.filter(prediction=patient.asked).exists()
        assert not ImageVector.objects.filter(image=patient.picture).exists()
        assert not BulkRow.objects.filter(prediction_id=patient.asked.pk).exists()
