"""Rollback drills: by the real way, timed by the data plane, the champion back at the end."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from lepton.lib.refusals import Conflict
from serving import challengers, services
from serving.exercises import drills, gates
from serving.models import RollbackDrill
from tests.serving import exercised
from training import leases
from training.models import Image, ModelApproval

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inference")]


@pytest.fixture
def pair(deployed, version_of, acme, settings, inference):
    """An earlier version and the champion, both with test images."""
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    earlier, champion = version_of(1), version_of(2)
    with tenant_scope(acme):
        exercised.give_test_images(champion)
    deployed(earlier)
    deployed(champion)
    return earlier, champion


@pytest.fixture
def only(deployed, version_of, acme, settings, inference):
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    version = version_of(1)
    with tenant_scope(acme):
        exercised.give_test_images(version)
    deployed(version)
    return version


def practise(acme, castings, alice):
    with tenant_scope(acme):
        drill = drills.start_drill(castings, by=alice)
    exercised.work_off()
    return exercised.again(acme, drill)


def test_a_drill_rolls_back_asks_and_puts_the_champion_back(acme, alice, castings, pair, ask):
    earlier, champion = pair
    drill = practise(acme, castings, alice)
    assert (drill.state, drill.cause) == ("succeeded", "")
    assert (drill.practised_id, drill.model_version_id) == (earlier.pk, champion.pk)
    assert drill.rollback_seconds > 0
    assert drill.put_back_seconds > 0
    assert drill.answers_checked == 6
    with tenant_scope(acme):
        rows = list(castings.deployments.order_by("number"))
        assert [row.model_version for row in rows] == [earlier, champion, earlier, champion]
        assert [row.reason for row in rows] == ["deploy", "deploy", "drill", "drill"]
        live_after = (rows[2].live_at - rows[2].created_at).total_seconds()
        assert drill.rollback_seconds == pytest.approx(live_after)
        assert castings.champion.model_version == champion
        assert AuditEntry.objects.filter(verb="drill.passed").count() == 1
        found = gates.rolled_back(castings.engagement)
    assert found.met
    assert found.evidence["practised"] == earlier.number


def test_without_a_second_version_the_same_one_is_deployed_anew(acme, alice, castings, only):
    drill = practise(acme, castings, alice)
    assert drill.passed
    assert drill.is_rehearsal
    assert drill.practised_id == only.pk


@pytest.mark.parametrize("decision", ["approved", "rejected"])
def test_a_rejected_version_is_not_rolled_back_to(acme, alice, castings, pair, decision):
    earlier, _champion = pair
    with tenant_scope(acme):
        ModelApproval.objects.create(
            model_version=earlier, decision=decision, reason="Looked at.", created_by_label="Ravi"
        )
        good = drills.previous_good(castings)
    assert good == (earlier if decision == "approved" else None)


def worker_lost_half_way(castings, by):
    """A worker has rolled back, and dies."""
    claim = leases.claim("drill", "a worker that is killed")
    with claim.scope() as row:
        made = services.put_in_place(castings, row.practised, reason="drill", by=by)
        claim.write(rolled_back_as=made.number, state="running", lease_expires_at=timezone.now())


def test_a_drill_that_lost_its_worker_puts_the_champion_back(acme, alice, castings, pair):
    _earlier, champion = pair
    with tenant_scope(acme):
        drill = drills.start_drill(castings, by=alice)
    worker_lost_half_way(castings, alice)
    exercised.work_off()
    exercised.again(acme, drill)
    assert drill.state == "failed"
    assert "champion was put back" in drill.cause
    with tenant_scope(acme):
        assert castings.deployments.in_place().model_version == champion
        assert not gates.rolled_back(castings.engagement).met


def test_what_somebody_deploys_meanwhile_is_left_alone(acme, alice, castings, pair, version_of):
    other = version_of(3)
    with tenant_scope(acme):
        drill = drills.start_drill(castings, by=alice)
    worker_lost_half_way(castings, alice)
    with tenant_scope(acme):
        services.deploy(castings, model_version=other, by=alice)
    exercised.work_off()
    exercised.again(acme, drill)
    with tenant_scope(acme):
        assert castings.deployments.in_place().model_version == other


def test_what_somebody_deploys_while_a_drill_waits_is_left_alone_too(
    acme, alice, castings, pair, version_of
):
    other = version_of(3)
    with tenant_scope(acme):
        drill = drills.start_drill(castings, by=alice)
        services.deploy(castings, model_version=other, by=alice)
    exercised.work_off()
    exercised.again(acme, drill)
    assert drill.state == "failed"
    assert "left there" in drill.cause
    with tenant_scope(acme):
        assert castings.deployments.in_place().model_version == other
        assert not castings.deployments.filter(reason="drill").exists()


def test_erased_images_are_not_asked_about(acme, alice, castings, pair):
    with tenant_scope(acme):
        images = Image.objects.order_by("sha256")
        gone = images[0]
        Image.objects.filter(pk=gone.pk).update(erased_at=timezone.now())
        default_storage.delete(gone.storage_key)
    assert practise(acme, castings, alice).state == "succeeded"


def test_a_drill_that_finds_nothing_to_ask_changes_nothing(acme, alice, castings, pair):
    with tenant_scope(acme):
        drill = drills.start_drill(castings, by=alice)
        Image.objects.update(erased_at=timezone.now())
    exercised.work_off()
    exercised.again(acme, drill)
    assert (drill.state, drill.rolled_back_as) == ("failed", None)
    assert "no test images" in drill.cause


def test_a_drill_and_a_challenger_keep_out_of_each_other_s_way(
    acme, alice, castings, pair, version_of
):
    third = version_of(3)
    shadow = {"model_version": third, "variant": "shadow", "share_percent": 100, "by": alice}
    with tenant_scope(acme):
        beside = challengers.challenge(castings, **shadow)
        with pytest.raises(Conflict, match="runs beside the champion"):
            drills.start_drill(castings, by=alice)
        challengers.stop(beside, by=alice)
        drills.start_drill(castings, by=alice)
        with pytest.raises(Conflict, match="drill is under way"):
            challengers.challenge(castings, **shadow)
    exercised.work_off()


def test_an_old_drill_counts_no_longer(acme, alice, castings, pair):
    practise(acme, castings, alice)
    with tenant_scope(acme):
        RollbackDrill.objects.update(finished_at=timezone.now() - timedelta(days=91))
        found = gates.rolled_back(castings.engagement)
    assert not found.met
    assert "more than 90 days ago" in found.words


def test_one_drill_at_a_time_and_none_beside_a_load_test(acme, alice, castings, pair):
    with tenant_scope(acme):
        drills.start_drill(castings, by=alice)
        with pytest.raises(Conflict, match="under way"):
            drills.start_drill(castings, by=alice)


def test_nothing_is_practised_where_nothing_answers(acme, alice, castings):
    with tenant_scope(acme), pytest.raises(ValidationError, match="No model version is live"):
        drills.start_drill(castings, by=alice)


def test_a_drill_without_test_images_is_refused(acme, alice, castings, deployed, version_of):
    deployed(version_of(1))
    with tenant_scope(acme), pytest.raises(ValidationError, match="no test images"):
        drills.start_drill(castings, by=alice)


def test_a_drill_is_started_by_button_and_by_api(browse, alice, bob, castings, pair, acme):
    path = "/api/v1/tenants/acme/endpoints/castings/drills"
    page = f"/t/acme/e/{castings.engagement_id}"
    assert browse(bob).post(path).status_code == 403
    assert browse(bob).post(f"{page}/go-live/drills/start/").status_code == 403
    panel = browse(alice).get(f"{page}/panels/exercises/").content.decode()
    assert "Practise rolling back" in panel
    shown = browse(alice).post(f"{page}/go-live/drills/start/", follow=True)
    assert "The drill begins" in shown.content.decode()
    assert browse(alice).post(path, {}, "application/json").status_code == 409
    exercised.work_off()
    (row,) = browse(bob).get(path).json()["results"]
    assert (row["passed"], row["is_rehearsal"], row["practised"]) == (True, False, 1)
    panel = browse(alice).get(f"{page}/panels/exercises/").content.decode()
    assert "Passed" in panel
