"""Load tests: bounded, on the tenant's own endpoint, and of no weight in figures of use."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.scoping import tenant_scope
from lepton.lib.refusals import Conflict
from serving import figures
from serving.exercises import gates, generator, load_tests
from serving.models import LoadTest, Prediction
from tests.serving import exercised
from training import leases

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("inference")]
BOUNDS = {"per_second": 20, "seconds": 2, "at_once": 4}


@pytest.fixture
def champion(deployed, version_of, acme, settings, inference):
    settings.LEPTON_INFERENCE_BACKEND = inference.url
    version = version_of()
    with tenant_scope(acme):
        exercised.give_test_images(version)
    deployed(version)
    return version


def start(acme, castings, alice, **changes):
    with tenant_scope(acme):
        return load_tests.start_load_test(castings, **BOUNDS | changes, by=alice)


def test_a_load_test_measures_what_clients_would_meet(acme, alice, castings, champion):
    test = start(acme, castings, alice)
    exercised.work_off()
    exercised.again(acme, test)
    assert (test.state, test.sent, test.answered) == ("succeeded", 40, 40)
    assert (test.refused, test.errors) == (0, 0)
    assert 0 < test.p50_ms <= test.p95_ms <= test.p99_ms
    assert test.versions == {str(champion.number): 40}
    assert [row["second"] for row in test.by_second] == [0, 1]
    assert sum(row["answered"] for row in test.by_second) == 40
    assert test.took_seconds == pytest.approx(2, abs=1.5)


def test_its_predictions_are_marked_and_count_in_no_figure_of_use(
    acme, alice, castings, champion, inference, browse
):
    start(acme, castings, alice)
    exercised.work_off()

    def is_written():
        with tenant_scope(acme):
            return Prediction.objects.filter(source="load_test").count() == 40

    inference.until(is_written)
    with tenant_scope(acme):
        assert figures.last_day(castings)["n"] == 0
        assert not Prediction.objects.in_use().exists()
        kept = Prediction.objects.filter(source="load_test").values_list("input_key", flat=True)
        assert set(kept) == {""}  # its images are the tenant's own already
    page = browse(alice).get("/api/v1/tenants/acme/predictions").json()
    assert page["results"] == []


def test_it_is_judged_against_the_requirement_like_a_contract(acme, alice, castings, champion):
    with tenant_scope(acme):
        engagement = castings.engagement
        newest = engagement.requirement
        newest.pk, newest.version = None, 2
        newest.p95_latency_ms, newest.volume_per_day = 20_000, 1_000
        newest.save(force_insert=True)
    test = start(acme, castings, alice, per_second=50)
    exercised.work_off()
    exercised.again(acme, test)
    assert (test.limit_ms, test.volume_per_day) == (20_000, 1_000)
    assert test.outcome == "pass"  # 100 of 100 in time: the interval begins above 95 %
    with tenant_scope(acme):
        found = gates.load_tested(castings.engagement)
    assert found.met
    assert "100 of 100 requests answered within 20000 ms" in found.words


def test_too_few_requests_are_inconclusive_and_the_words_say_how_many_are_missing(
    acme, alice, castings, champion
):
    start(acme, castings, alice)
    exercised.work_off()
    with tenant_scope(acme):
        found = gates.load_tested(castings.engagement)
    assert not found.met
    assert "more answers would settle it" in found.words


def test_nothing_is_tested_where_nothing_answers(acme, alice, castings):
    with pytest.raises(ValidationError, match="No model version is live"):
        start(acme, castings, alice)


def test_one_load_test_at_a_time(acme, alice, castings, champion):
    start(acme, castings, alice)
    with pytest.raises(Conflict, match="under way"):
        start(acme, castings, alice)


@pytest.mark.parametrize(
    ("field", "value"), [("per_second", 201), ("seconds", 121), ("at_once", 17), ("per_second", 0)]
)
def test_its_size_is_bounded(acme, alice, castings, champion, field, value):
    with pytest.raises(ValidationError) as refused:
        start(acme, castings, alice, **{field: value})
    assert field in refused.value.message_dict


def test_it_keeps_to_the_tenants_own_limits(acme, alice, castings, champion, settings):
    settings.LEPTON_TENANT_IN_FLIGHT, settings.LEPTON_KEY_IMAGES_PER_SECOND = 6, 10
    with pytest.raises(ValidationError) as refused:
        start(acme, castings, alice)
    assert set(refused.value.message_dict) == {"per_second", "at_once"}


def test_what_is_cancelled_stops_and_does_not_count(acme, alice, castings, champion):
    test = start(acme, castings, alice)
    with tenant_scope(acme):
        load_tests.cancel_load_test(test, by=alice)
        with pytest.raises(Conflict):
            load_tests.cancel_load_test(test, by=alice)
    assert test.state == "cancelled"
    assert leases.claim("load_test", "worker") is None


def test_a_lost_worker_fails_it_cleanly(acme, alice, castings, champion):
    test = start(acme, castings, alice)
    leases.claim("load_test", "a worker that is killed")
    with tenant_scope(acme):
        LoadTest.objects.update(lease_expires_at=timezone.now())
    exercised.work_off()
    exercised.again(acme, test)
    assert test.state == "failed"
    assert "worker was lost" in test.cause
    start(acme, castings, alice)  # and another can be started


def test_a_frozen_endpoint_counts_as_errors(acme, alice, castings, champion, settings):
    settings.LEPTON_INFERENCE_BACKEND = "http://127.0.0.1:9"
    test = start(acme, castings, alice)
    exercised.work_off()
    exercised.again(acme, test)
    assert (test.errors, test.outcome) == (40, "fail")


def test_a_load_test_is_started_watched_and_cancelled_by_api(
    browse, alice, bob, castings, champion, acme
):
    path = "/api/v1/tenants/acme/endpoints/castings/load-tests"
    assert browse(bob).post(path, BOUNDS, "application/json").status_code == 403
    refused = browse(alice).post(path, BOUNDS | {"seconds": 999}, "application/json")
    assert refused.status_code == 400
    assert "seconds" in refused.json()["fields"]
    made = browse(alice).post(path, BOUNDS, "application/json")
    assert made.status_code == 202
    assert browse(alice).post(path, BOUNDS, "application/json").status_code == 409
    one = f"/api/v1/tenants/acme/load-tests/{made.json()['id']}"
    assert (
        browse(alice).post(f"{one}/cancel", {}, "application/json").json()["state"] == "cancelled"
    )
    exercised.work_off()
    read = browse(bob).get(one).json()
    assert (read["state"], read["outcome"], read["by_second"]) == ("cancelled", None, [])
    assert browse(bob).get(path).json()["results"][0]["id"] == made.json()["id"]


def test_the_page_shows_it_while_it_runs_and_afterwards(browse, alice, acme, castings, champion):
    page = f"/t/acme/e/{castings.engagement_id}"
    answer = browse(alice).post(f"{page}/go-live/load-tests/start/", BOUNDS)
    assert answer.status_code == 302
    assert "Waiting for a worker" in browse(alice).get(answer.url).content.decode()
    exercised.work_off()
    text = browse(alice).get(answer.url).content.decode()
    assert "Answered" in text
    assert "Second by second" in text
    panel = browse(alice).get(f"{page}/panels/exercises/").content.decode()
    assert "requests answered" in panel
    refused = browse(alice).post(f"{page}/go-live/load-tests/start/", BOUNDS | {"seconds": 0})
    assert refused.status_code == 422


def test_another_tenants_load_test_is_not_there(browse, carol, acme, alice, castings, champion):
    test = start(acme, castings, alice)
    assert browse(carol).get(f"/api/v1/tenants/acme/load-tests/{test.pk}").status_code == 404
    assert browse(carol).get(f"/api/v1/tenants/globex/load-tests/{test.pk}").status_code == 404


def test_percentiles_agree_with_numpys():
    import numpy as np

    values = sorted(np.random.default_rng(1).gamma(2, 10, 137).tolist())
    for share in (50, 95, 99):
        assert generator.percentile(values, share) == pytest.approx(np.percentile(values, share))
    assert generator.percentile([], 95) is None
    assert generator.percentile([7.0], 95) == 7.0


def test_latency_counts_from_when_a_request_was_due():
    """A server of 50 ms an answer, asked 40 times a second through one connection."""
    from tests.serving.slow import slow_server

    with slow_server(seconds=0.05) as url:
        stream = generator.Stream(url, [b"x"], dict, per_second=40, seconds=1, at_once=1)
        stream.start()
        assert stream.ended_within(30)
    found = generator.tally(stream.results, limit_ms=60)
    assert found["answered"] == 40
    assert found["p99_ms"] > 500  # the last one waited for all before it
    assert found["within_limit"] < 40
