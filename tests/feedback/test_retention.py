"""Retention: what is older than the requirement allows is removed; counts and lineage stay."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements import changes
from feedback import services
from feedback.models import Signs, Watch
from feedback.monitoring import retention, watching
from serving import rollups
from serving.models import Endpoint, HourlyTally, Prediction
from tests.feedback import monitored

pytestmark = pytest.mark.django_db
DAYS = 30
LONG_AGO = DAYS * 24 * 60 + 120


@pytest.fixture
def kept(place, alice, mei, monkeypatch):
    """Inputs of 31 days ago and of now, with a rule of 30 days."""
    monkeypatch.setattr(retention, "AT_ONCE", 4)
    with tenant_scope(place.tenant):
        changes.withdraw_change(place.change_request, by=alice)
    _keep_for(place, alice, mei, DAYS)
    old = monitored.traffic(place, 10, minutes_ago=LONG_AGO, reference="part-1")
    new = monitored.traffic(place, 3, seed=8)
    with tenant_scope(place.tenant):
        rollups.count_due(place.endpoint)
        Signs.objects.create(prediction=old[1], looks={}, features=b"")
    return place, old, new


def test_old_predictions_and_their_inputs_go_and_counts_stay(kept):
    place, old, new = kept
    watching.watch(place.tenant.pk, place.endpoint.pk, seconds=0)
    with tenant_scope(place.tenant):
        assert not Prediction.objects.filter(pk__in=[row.pk for row in old]).exists()
        assert Prediction.objects.filter(pk__in=[row.pk for row in new]).count() == 3
        long_ago = HourlyTally.objects.filter(hour__lt=timezone.now() - timedelta(days=20))
        assert sum(one.n for one in long_ago) == 10
        entry = AuditEntry.objects.get(verb="predictions.removed")
        assert entry.detail["predictions"] == 10 and entry.detail["inputs"] == 10
        assert Watch.objects.get(endpoint=place.endpoint).kept_since
    assert not any(default_storage.exists(row.input_key) for row in old)
    assert all(default_storage.exists(row.input_key) for row in new)


def test_an_answered_prediction_keeps_what_lineage_needs(kept, alice):
    place, old, _new = kept
    with tenant_scope(place.tenant):
        row = Prediction.objects.get(pk=old[0].pk)
        services.give(row, verdict="correct", label="scratch", by=alice)
    _enforce(place)
    with tenant_scope(place.tenant):
        row.refresh_from_db()
    assert (row.input_key, row.reference) == ("", "")
    assert row.label == old[0].label and row.input_sha256 == old[0].input_sha256
    assert not default_storage.exists(old[0].input_key)


def test_a_picture_that_was_sent_again_later_stays(kept):
    place, old, _new = kept
    again = {"input_sha256": old[0].input_sha256, "input_key": old[0].input_key}
    facts = {"endpoint": place.endpoint, "model_version": place.model, "label": "ok"}
    with tenant_scope(place.tenant):
        Prediction.objects.create(**facts, **again, score=0.9, scores=[0.9, 0.1], latency_ms=1)
    _enforce(place)
    assert default_storage.exists(old[0].input_key)
    assert not default_storage.exists(old[1].input_key)


def test_without_a_rule_nothing_is_removed(kept, alice, mei):
    place, old, _new = kept
    _keep_for(place, alice, mei, None)
    assert vars(_enforce(place)) == {"predictions": 0, "stripped": 0, "inputs": 0}
    assert default_storage.exists(old[0].input_key)


def test_it_looks_once_an_hour(kept):
    place, _old, _new = kept
    assert _enforce(place).predictions == 10
    monitored.traffic(place, 2, minutes_ago=LONG_AGO, seed=12)
    assert _enforce(place).predictions == 0


def _enforce(place):
    with tenant_scope(place.tenant):
        Watch.objects.get_or_create(endpoint=place.endpoint)
        endpoint = Endpoint.objects.select_related("engagement__tenant").get(pk=place.endpoint.pk)
    return retention.enforce(place.tenant.pk, endpoint)


def _keep_for(place, alice, mei, days):
    with tenant_scope(place.tenant):
        asked = {"reason": "The law.", "retention_days": days}
        change = changes.propose_change(place.engagement, **asked, by=alice)
        changes.accept_change(change, by=mei)
