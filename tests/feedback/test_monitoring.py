"""The page and API of monitoring: a period beside the one before it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.scoping import tenant_scope
from feedback.monitoring import watching
from serving import rollups
from serving.models import Deployment, Endpoint, RefusedTally
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def watched(place, predict):
    """40 answers now and 20 the day before, 2 requests failed; counted."""
    for number in range(40):
        predict(label=("ok", "scratch")[number % 4 == 0], latency_ms=10 + number, score=0.5)
    for _number in range(20):
        predict(at=timezone.now() - timedelta(hours=30))
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    with tenant_scope(place.tenant):
        rollups.count_due(place.endpoint)
        RefusedTally.objects.create(endpoint=place.endpoint, since=hour, status=503, n=2)
        RefusedTally.objects.create(endpoint=place.endpoint, since=hour, status=422, n=3)
    return place


def test_a_period_is_told_beside_the_one_before_it(watched, browse, bob):
    found = browse(bob).get(_api(watched) + "?period=24h").json()
    now, before = found["present"], found["previous"]
    assert (now["predictions"], before["predictions"]) == (41, 20)
    assert (now["failed"], now["refused"], now["requests"]) == (2, 3, 46)
    assert now["failed_share"] == pytest.approx(2 / 46)
    assert now["classes"] == {"ok": 31, "scratch": 10}
    assert 25 < now["latency_p50_ms"] < 34 and 44 < now["latency_p95_ms"] < 52
    assert now["latency_p99_ms"] is None  # from 100 answers on
    assert now["doubtful"] == 40 and sum(now["scores"]) == 41
    assert len(found["buckets"]) == 24 and found["buckets"][-1]["predictions"] == 41


def test_the_page_shows_each_figure_against_the_period_before(watched, browse, bob):
    page = browse(bob).get(_page(watched) + "?period=24h").text
    assert "before: 20 (+105%)" in page
    assert "Share of answers by class" in page
    assert 'aria-current="page">24 hours' in page


def test_where_another_model_version_began_is_marked(watched, browse, bob):
    with tenant_scope(watched.tenant):
        Deployment.objects.update(live_at=timezone.now() - timedelta(hours=3))
    found = browse(bob).get(_api(watched)).json()
    assert [one["version"] for one in found["version_changes"]] == [1]
    assert "Model version 1" in browse(bob).get(_page(watched)).text


def test_an_engagement_without_an_endpoint_says_what_will_be_here(acme, mei, browse, bob):
    engagement = factories.engagement(acme, mei, name="Another")
    url = reverse("feedback:monitoring", args=["acme", engagement.pk])
    assert "Nothing to watch yet" in browse(bob).get(url).text
    panel = reverse("feedback:monitoring_panel", args=["acme", engagement.pk])
    assert "No request yet" in browse(bob).get(panel).text
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}/monitoring"
    assert browse(bob).get(api).status_code == 404


def test_the_overview_has_the_last_day(watched, browse, bob):
    url = reverse("feedback:monitoring_panel", args=["acme", watched.engagement.pk])
    page = browse(bob).get(url).text
    assert "last 24 hours" in page and ">41<" in page and "Firing" in page


def test_a_page_that_watches_gets_the_part_alone(watched, browse, bob):
    page = browse(bob).get(_page(watched), headers={"HX-Request": "true"}).text
    assert "</html>" not in page and 'id="monitoring"' in page


def test_a_worker_watches_every_endpoint_and_counts_what_is_due(place, predict):
    predict()
    assert watching.is_due()
    assert watching.watch_all() == 1
    assert not watching.is_due()
    with tenant_scope(place.tenant):
        endpoint = Endpoint.objects.get(pk=place.endpoint.pk)
        assert endpoint.watch.looked_at and sum(t.n for t in endpoint.tallies.all()) == 2


def test_trouble_at_one_endpoint_never_holds_up_the_others(place, monkeypatch, caplog):
    def fail(*arguments, **named):
        raise RuntimeError("no")

    monkeypatch.setattr(rollups, "count_due", fail)
    assert watching.watch_all() == 1
    assert "Could not watch endpoint" in caplog.text


def _api(place):
    return f"/api/v1/tenants/acme/engagements/{place.engagement.pk}/monitoring"


def _page(place):
    return reverse("feedback:monitoring", args=["acme", place.engagement.pk])
