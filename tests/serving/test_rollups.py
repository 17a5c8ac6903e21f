"""Tallies of predictions per hour: they equal the rows, and outlive them."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from accounts.scoping import tenant_scope
from accounts.system import call
from serving import rollups
from serving.histograms import latency_bucket, latency_percentile, score_bucket
from serving.models import DueHour, HourlyTally, Prediction, RefusedTally
from serving.refused_log import RefusedLog
from tests import world

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def place(acme, alice):
    return world.build(acme, alice)


def _log(place, n, *, seed=0, since=NOON, hours=5):
    """Log predictions spread over some hours."""
    draw = random.Random(seed)
    rows = []
    for _row in range(n):
        score = draw.choice([draw.random(), 1.0, 0.95, 0.05])
        rows.append(
            Prediction(
                endpoint=place.endpoint,
                model_version=place.model,
                at=since + timedelta(seconds=draw.randrange(hours * 3600)),
                label=draw.choice(["ok", "ok", "scratch"]),
                score=score,
                scores=[score, 1 - score],
                latency_ms=draw.choice([draw.lognormvariate(3, 1), 0.2, 1.0, 90_000]),
                input_sha256="0" * 64,
            )
        )
    return Prediction.objects.bulk_create(rows)


def test_tallies_equal_the_rows(place):
    with tenant_scope(place.tenant):
        _log(place, 700)
        rollups.count_due(place.endpoint)
        _log(place, 50, seed=1)  # some come late
        assert DueHour.objects.exists()
        rollups.count_due(place.endpoint)
        assert not DueHour.objects.exists()
        rows = list(Prediction.objects.filter(at__gte=NOON, at__lt=NOON + timedelta(hours=5)))
        tallies = list(HourlyTally.objects.between(NOON, NOON + timedelta(hours=5)))
        assert len(tallies) == 5 and sum(one.n for one in tallies) == len(rows) == 750
        for one in tallies:
            own = [row for row in rows if one.hour <= row.at < one.hour + rollups.HOUR]
            assert one.classes == Counter(row.label for row in own)
            assert one.latency == Counter(str(latency_bucket(row.latency_ms)) for row in own)
            assert one.scores == Counter(str(score_bucket(row.score)) for row in own)
            assert one.score_sum == pytest.approx(sum(row.score for row in own))
            doubt = sum(row.score * (1 - row.score) for row in own)
            assert one.doubt_sum == pytest.approx(doubt)


def test_a_percentile_of_a_histogram_is_close_to_the_true_one():
    times = np.random.default_rng(0).lognormal(3, 0.8, 5000)
    histogram = Counter(str(latency_bucket(one)) for one in times)
    for fraction in (0.5, 0.95, 0.99):
        true = np.quantile(times, fraction)
        assert latency_percentile(histogram, fraction) == pytest.approx(true, rel=0.05)
    assert latency_percentile({}, 0.5) is None


def test_what_was_answered_is_counted_from_whole_hours_and_edges(place):
    with tenant_scope(place.tenant):
        rows = _log(place, 400)
        since, until = NOON + timedelta(minutes=20), NOON + timedelta(hours=4, minutes=7)
        true = sum(since <= row.at < until for row in rows)
        assert rollups.answered(place.engagement, since, until) == true  # nothing counted yet
        rollups.count_due(place.endpoint)
        assert rollups.answered(place.engagement, since, until) == true
        early = NOON + timedelta(minutes=30)
        assert rollups.answered(place.engagement, NOON, early) == sum(r.at < early for r in rows)


def test_removed_predictions_stay_in_the_tallies(place):
    with tenant_scope(place.tenant):
        rows = _log(place, 60)
        rollups.count_due(place.endpoint)
        gone = call("lepton_remove_predictions", [row.pk for row in rows[:30]])
        assert len(gone) == 30
        kept = rows[30]
        call("lepton_strip_predictions", [kept.pk])
        _log(place, 1, seed=3, hours=1)  # late, from before what is kept
        rollups.count_due(place.endpoint, kept_since=NOON + timedelta(hours=5))
        whole = HourlyTally.objects.between(NOON, NOON + timedelta(hours=5))
        assert sum(one.n for one in whole) == 60
        assert not DueHour.objects.filter(hour__lt=NOON + timedelta(hours=5)).exists()


def test_another_tenant_removes_nothing(place, carol):
    from accounts.system import tenant_for

    with tenant_scope(tenant_for(carol, "globex")):
        assert call("lepton_remove_predictions", [place.prediction.pk]) == []
        assert call("lepton_strip_predictions", [place.prediction.pk]) == []
    with tenant_scope(place.tenant):
        assert Prediction.objects.filter(pk=place.prediction.pk).exists()


def test_refused_requests_are_counted_by_status(place):
    class Wanted:
        tenant_id, endpoint_id = place.tenant.pk, place.endpoint.pk

    log = RefusedLog()
    for status in (429, 429, 500):
        log.count(Wanted, status)
    log.flush()
    log.count(Wanted, 429)
    log.flush()
    log.flush()
    with tenant_scope(place.tenant):
        counts = {}
        for row in RefusedTally.objects.filter(since__gte=NOON):
            counts[row.status] = counts.get(row.status, 0) + row.n
    assert counts == {429: 3, 500: 1}
