"""Asking what a model looked at: a row that is the job, on the page and by the API."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from accounts.scoping import tenant_scope
from lepton.lib import storage
from tests import factories
from tests.training import made_of
from training import explaining, leases, runner
from training.engine import artifact
from training.models import EvaluatedItem, Explanation, Image, ModelVersion
from training.runs import files, sources

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def version(acme, alice, settings, tmp_path):
    settings.LEPTON_HOME = tmp_path
    settings.LEPTON_CACHE_DIR = tmp_path / "cache"
    engagement = factories.engagement(acme, alice)
    made_of.start(engagement, alice, {"epochs": 1})
    leases.work_off("run", runner.carry_out)
    with tenant_scope(acme):
        return ModelVersion.objects.get()


@pytest.fixture
def seen(acme, version):
    with tenant_scope(acme):
        return EvaluatedItem.objects.select_related("image").first()


def page(version, seen, name="model_image"):
    return reverse(f"training:{name}", args=["acme", version.engagement_id, version.pk, seen.pk])


def work():
    return leases.work_off("explanation", explaining.carry_out)


def api(version):
    return f"/api/v1/tenants/acme/model-versions/{version.pk}/explanations"


def ask(client, version, seen, **wanted):
    asked = {"image": str(seen.image_id), "method": "grad_cam", "label": "ok"} | wanted
    return client.post(api(version), asked, content_type="application/json")


def test_a_member_asks_on_the_page_of_an_image_and_sees_three_methods(browse, alice, version, seen):
    client = browse(alice)
    empty = client.get(page(version, seen)).content.decode()
    assert "What the model looked at" in empty and "Not asked yet" in empty
    for method in ("evidence", "grad_cam", "occlusion"):
        answer = client.post(page(version, seen, "explain"), {"method": method, "label": "scratch"})
        assert answer.status_code == 302
    assert "Working it out" in client.get(page(version, seen)).content.decode()
    assert work() == 3
    shown = client.get(page(version, seen)).content.decode()
    assert shown.count("data-evidence=") == 3
    assert "Grad-CAM" in shown and "Occlusion" in shown and "Class activation map" in shown


def test_a_version_s_own_head_is_fetched_with_it(tmp_path):
    """A probe's: without it the files named in meta.json would not all be there."""
    folder = tmp_path / "made"
    folder.mkdir()
    for name in (*artifact.FILES, artifact.HEAD):
        (folder / name).write_bytes(name.encode())
    meta = artifact.write_meta(folder, {"classes": ["ok"]})
    files.store(folder, "tenants/t/models/m")
    assert artifact.HEAD in meta["files"]
    there = sources.fetched("tenants/t/models/m", tmp_path / "cache" / "m")
    assert artifact.read_meta(there) == meta
    assert not list(there.glob("*.part"))


def test_an_erased_image_is_not_asked_about(browse, alice, acme, version, seen):
    with tenant_scope(acme):
        Image.objects.filter(pk=seen.image_id).update(erased_at=timezone.now())
    refused = ask(browse(alice), version, seen)
    assert refused.status_code == 400 and "erased for good" in str(refused.json()["fields"])
    shown = browse(alice).get(page(version, seen)).content.decode()
    assert "Erased" in shown and 'name="method"' not in shown


def test_what_it_answers_is_asked_of_no_class(browse, alice, acme, version, seen):
    answers = [ask(browse(alice), version, seen, method="answer", label=x) for x in ("none", "ok")]
    assert len({answer.json()["id"] for answer in answers}) == 1
    work()
    with tenant_scope(acme):
        assert Explanation.objects.get().state == "succeeded"


def test_the_api_asks_once_and_finds_the_answer_again(browse, alice, carol, acme, version, seen):
    first = ask(browse(alice), version, seen)
    assert first.status_code == 201, first.content
    assert (first.json()["state"], first.json()["heat"]) == ("queued", None)
    work()
    again = ask(browse(alice), version, seen).json()
    assert again["id"] == first.json()["id"]
    assert again["state"] == "succeeded"
    assert max(max(row) for row in again["heat"]) <= 1
    with tenant_scope(acme):
        assert again["scores"] == pytest.approx(seen.scores, abs=1e-4)
        assert Explanation.objects.count() == 1
    url = f"/api/v1/tenants/acme/explanations/{again['id']}"
    assert browse(alice).get(url).json() == again
    assert browse(carol).get(url).status_code == 404
    assert browse(carol).get(api(version)).status_code == 404


def test_what_cannot_be_asked_is_refused_by_name(browse, alice, acme, version, seen):
    client = browse(alice)
    assert list(ask(client, version, seen, label="dent").json()["fields"]) == ["label"]
    assert list(ask(client, version, seen, method="guess").json()["fields"]) == ["method"]
    with tenant_scope(acme):
        ModelVersion.objects.update(meta=version.meta | {"ensemble": {}})
    fields = ask(client, version, seen).json()["fields"]
    assert "no single network" in fields["method"][0]
    assert "Grad-CAM</button>" not in client.get(page(version, seen)).content.decode()


def test_a_viewer_asks_only_where_trying_is_allowed(browse, bob, alice, version, seen):
    assert browse(bob).get(page(version, seen)).status_code == 200
    assert ask(browse(bob), version, seen).status_code in (201, 403)


def test_a_lost_image_is_told_and_the_question_can_be_asked_anew(
    browse, alice, acme, version, seen, settings
):
    kept = storage.get(seen.image.storage_key)
    default_storage.delete(seen.image.storage_key)
    ask(browse(alice), version, seen)
    work()
    failed = browse(alice).get(page(version, seen)).content.decode()
    assert "The image is missing from storage." in failed
    storage.put(seen.image.storage_key, kept)
    assert ask(browse(alice), version, seen).json()["state"] == "queued"
    assert work() == 1
    assert ask(browse(alice), version, seen).json()["state"] == "succeeded"


def test_a_killed_worker_leaves_the_question_to_the_next(acme, alice, browse, version, seen):
    ask(browse(alice), version, seen)
    leases.claim("explanation", "killed")
    assert work() == 0
    from django.db import connection

    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("UPDATE training_explanation SET lease_expires_at = now() - interval '1 s'")
    assert leases.claimable() == ["explanation"]
    assert work() == 1
