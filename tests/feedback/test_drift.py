"""Drift of inputs, answers and picture quality: found when it is there, and hardly otherwise."""

import numpy as np
import pytest
from django.db import DatabaseError
from django.urls import reverse
from scipy.stats import chi2_contingency, energy_distance

from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from feedback.models import DriftFinding, DriftLook, DriftReference, Signs
from feedback.monitoring import comparing, distance, drifting
from serving.models import Deployment
from tests.feedback import monitored

pytestmark = pytest.mark.django_db


@pytest.fixture
def seen(place):
    """A place whose model can see, with held-out images and without earlier looks."""
    monitored.give_graph(place)
    monitored.hold_out(place)
    with tenant_scope(place.tenant):
        DriftLook.objects.update(reference=None, model_version=None)
        DriftReference.objects.all().delete()
        Deployment.objects.update(live_at="2026-01-01T00:00Z")
    return place


def _look(place, by=None):
    with tenant_scope(place.tenant):
        look = drifting.ask(place.endpoint, by=by)
    comparing.carry_out(place.tenant.pk, look.pk)
    with tenant_scope(place.tenant):
        look = DriftLook.objects.select_related("reference").get(pk=look.pk)
        return look, {one.kind: one for one in look.findings.all()}


def test_traffic_like_the_held_out_images_has_not_drifted(seen):
    monitored.traffic(seen)
    look, found = _look(seen)
    assert look.state == "done" and look.reference.kind == "held_out"
    assert {kind: one.has_drifted for kind, one in found.items()} == {
        "inputs": False,
        "answers": False,
        "quality": False,
    }
    assert found["inputs"].n_recent == 40 and found["inputs"].n_reference == 60


def test_darker_pictures_of_one_class_have_drifted_in_every_way(seen, browse, alice):
    monitored.traffic(seen, level=60, labels=("ok",))
    found = _look(seen)[1]
    assert all(one.has_drifted for one in found.values())
    quality = found["quality"].detail["brightness"]
    assert quality["recent"] < quality["reference"]
    page = browse(alice).get(_url(seen, "monitoring")).text
    assert "Drifted" in page and "The pictures farthest from what the model knows" in page


def test_the_strangest_picture_is_shown_first(seen):
    monitored.traffic(seen, n=39)
    (odd,) = monitored.traffic(seen, n=1, level=230, seed=9)
    found = _look(seen)[1]
    assert found["inputs"].detail["most"][0] == str(odd.pk)


def test_each_look_is_at_new_answers_only(seen, browse, alice):
    monitored.traffic(seen, level=60, minutes_ago=20)
    _look(seen)
    answer = browse(alice).post(_api(seen, "drift-looks"))
    assert answer.status_code == 409 and "30 more answers are needed" in answer.json()["error"]
    monitored.traffic(seen, seed=5, minutes_ago=-1)
    look, found = _look(seen)
    assert look.n == 40 and not found["inputs"].has_drifted
    assert found["inputs"].looks == 2


def test_accepted_traffic_is_what_is_normal_from_then_on(seen, browse, alice):
    monitored.traffic(seen, level=60, minutes_ago=20)
    _look(seen)
    answer = browse(alice).post(_api(seen, "drift-references"))
    assert answer.status_code == 201 and answer.json()["kind"] == "traffic"
    monitored.traffic(seen, level=60, seed=5, minutes_ago=-1)
    look, found = _look(seen)
    assert look.reference.kind == "traffic" and not found["inputs"].has_drifted
    with tenant_scope(seen.tenant):
        assert TimelineEntry.objects.filter(kind="drift.accepted").exists()


def test_without_kept_pictures_the_answers_are_looked_at_still(seen, predict):
    for _number in range(30):
        predict(label="ok")
    found = _look(seen)[1]
    assert set(found) == {"answers"} and found["answers"].has_drifted


def test_a_look_that_cannot_be_says_why(seen):
    with tenant_scope(seen.tenant):
        type(seen.model).objects.filter(pk=seen.model.pk).update(
            meta={**seen.model.meta, "preprocessing": {"version": 0}}
        )
    monitored.traffic(seen)
    look, found = _look(seen)
    assert look.state == "failed" and "prepared by version" in look.cause and not found


def test_a_look_is_queued_by_itself_once_there_is_enough(seen, settings):
    settings.LEPTON_DRIFT_SECONDS = 0
    with tenant_scope(seen.tenant):
        drifting.queue_if_due(seen.endpoint)
        assert not DriftLook.objects.filter(state="queued").exists()
    monitored.traffic(seen)
    with tenant_scope(seen.tenant):
        drifting.queue_if_due(seen.endpoint)
        drifting.queue_if_due(seen.endpoint)
        assert DriftLook.objects.filter(state="queued").count() == 1
    assert comparing.work_off() == 1
    with tenant_scope(seen.tenant):
        assert not DriftLook.objects.filter(state="queued").exists()
        assert Signs.objects.exclude(prediction=seen.prediction).count() == 40


def test_a_viewer_starts_no_look(seen, browse, bob, carol):
    assert browse(bob).post(_api(seen, "drift-looks")).status_code == 403
    assert browse(carol).post(_api(seen, "drift-looks")).status_code == 404


def test_the_energy_distance_is_scipys():
    draw = np.random.default_rng(0)
    first, second = draw.normal(0, 1, (40, 1)), draw.normal(1, 2, (30, 1))
    own = distance.energy(first, second, rounds=99)
    assert own.value == pytest.approx(energy_distance(first[:, 0], second[:, 0]) ** 2, rel=1e-4)
    assert own.p_value == 0.01


def test_p_values_are_uniform_where_nothing_differs():
    draw = np.random.default_rng(1)
    values = [
        distance.energy(draw.normal(size=(25, 4)), draw.normal(size=(30, 4)), rounds=199).p_value
        for _round in range(120)
    ]
    assert np.mean(np.array(values) <= 0.05) <= 0.1
    assert 0.4 < np.mean(values) < 0.6


def test_the_p_value_of_a_class_mix_is_close_to_pearsons():
    reference, recent = {"ok": 60, "scratch": 40}, {"ok": 45, "scratch": 50}
    table = [[60, 40], [45, 50]]
    exact = chi2_contingency(table, correction=False).pvalue
    own = distance.mix(reference, recent)
    assert own.p_value == pytest.approx(exact, abs=0.02)
    assert distance.mix(reference, reference).value == pytest.approx(0)
    assert distance.mix({"ok": 50}, {"dent": 50}).value > 1


def test_findings_are_never_changed(seen):
    words = "permission denied"
    with pytest.raises(DatabaseError, match=words), tenant_scope(seen.tenant):
        DriftFinding.objects.update(distance=0)


def _url(place, name):
    return reverse(f"feedback:{name}", args=["acme", place.engagement.pk])


def _api(place, name):
    return f"/api/v1/tenants/acme/engagements/{place.engagement.pk}/{name}"
