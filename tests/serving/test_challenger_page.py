"""Shadow, canary, promotion and the live figures in the browser."""

import re
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from accounts.scoping import tenant_scope
from serving import challengers
from serving.models import Challenger, Prediction, ShadowAnswer
from tests.serving.test_challenger_api import endpoint  # noqa: F401, a fixture
from tests.serving.test_endpoint_page import url

GUARDS = {
    "least_answers": 50,
    "most_failing_percent": 1,
    "most_latency_ratio": 2,
    "least_agreement_percent": 80,
}
pytestmark = pytest.mark.django_db


def sent(endpoint, variant="shadow", percent=100, **more):  # noqa: F811
    said = {"model_version": endpoint.two.pk, "variant": variant, "share_percent": percent}
    return said | GUARDS | more


@pytest.fixture
def canary(endpoint, acme, alice):  # noqa: F811
    with tenant_scope(acme):
        canary = challengers.challenge(
            endpoint, model_version=endpoint.two, variant="canary", share_percent=5, by=alice
        )
        challengers.mark_live(canary.pk)
    return canary


def test_alice_starts_a_shadow_goes_on_to_a_canary_and_stops_it(
    browse,
    alice,
    acme,
    endpoint,  # noqa: F811
):
    client, engagement = browse(alice), endpoint.engagement
    page = client.post(url("challenge", engagement), sent(endpoint), follow=True)
    assert "answers 100% of the requests a second time" in page.content.decode()
    form = page.context["challenge_form"]
    assert (form["variant"].value(), form["share_percent"].value()) == ("canary", 5)
    page = client.post(url("challenge", engagement), sent(endpoint, "canary", 5), follow=True)
    assert "answers 5% of the requests" in page.content.decode()
    with tenant_scope(acme):
        present = endpoint.challengers.active()
    page = client.post(url("challenger_stop", engagement, present.pk), follow=True)
    assert "Try a model version on real requests" in page.content.decode()
    with tenant_scope(acme):
        states = Challenger.objects.order_by("number").values_list("state", flat=True)
        assert list(states) == ["stepped", "stopped"]


def test_what_is_refused_is_said_on_the_page(browse, alice, endpoint):  # noqa: F811
    client, address = browse(alice), url("challenge", endpoint.engagement)
    page = client.post(address, sent(endpoint, percent=33), follow=True).content.decode()
    assert "Share of the requests" in page and "33" in page
    page = client.post(address, sent(endpoint, least_answers=1), follow=True).content.decode()
    assert "Judged from so many answers on" in page
    client.post(address, sent(endpoint))
    page = client.post(address, sent(endpoint), follow=True).content.decode()
    assert "runs as a Shadow for 100% already" in page


def test_alice_promotes_the_canary(browse, alice, acme, endpoint, canary):  # noqa: F811
    client, engagement = browse(alice), endpoint.engagement
    page = client.post(url("challenger_promote", engagement, canary.pk), follow=True)
    assert "Model version 2 is being loaded and checked." in page.content.decode()
    with tenant_scope(acme):
        canary.refresh_from_db()
        assert canary.state == "promoted"
        assert endpoint.deployments.in_place().model_version == endpoint.two


def test_bob_sees_it_all_and_changes_nothing(browse, bob, endpoint, canary):  # noqa: F811
    client, engagement = browse(bob), endpoint.engagement
    page = client.get(url("endpoint", engagement)).content.decode()
    assert "answers 5% of the requests" in page
    for name, more in [("challenge", ()), ("challenger_stop", (canary.pk,))]:
        assert client.post(url(name, engagement, *more)).status_code == 403
        assert url(name, engagement, *more) not in page


def test_carol_finds_none_of_it(browse, carol, endpoint, canary):  # noqa: F811
    client, engagement = browse(carol), endpoint.engagement
    assert client.post(url("challenge", engagement)).status_code == 404
    for name in ("challenger_stop", "challenger_promote"):
        assert client.post(url(name, engagement, canary.pk)).status_code == 404
    assert client.get(url("disagreements", engagement, canary.pk)).status_code == 404
    assert client.get(url("now", engagement)).status_code == 404


def test_disagreements_are_shown_with_both_answers(
    browse,
    alice,
    acme,
    endpoint,  # noqa: F811
    canary,
):
    client, engagement = browse(alice), endpoint.engagement
    address = url("disagreements", engagement, canary.pk)
    assert "No disagreement" in client.get(address).content.decode()
    with tenant_scope(acme):
        for number in range(20):
            prediction = Prediction.objects.create(
                endpoint=endpoint,
                model_version=endpoint.two,
                label="scratch",
                score=0.8,
                scores=[0.2, 0.8],
                latency_ms=1,
                input_sha256="0" * 64,
            )
            ShadowAnswer.objects.create(
                prediction=prediction,
                challenger=canary,
                model_version=endpoint.champion.model_version,
                label="scratch" if number else "ok",
                score=0.9,
                scores=[0.1, 0.9] if number else [0.9, 0.1],
                agrees=bool(number),
                latency_ms=2,
            )
    page = client.get(address).content.decode()
    assert "Version 2 answered" in page and "Version 1 says" in page
    part = client.get(url("part", engagement, "compared"))
    shown = part.context["agreement"]
    assert (shown["value"], shown["n"]) == (0.95, 20)  # Wilson: 76.4 to 99.1 %
    assert (round(shown["low"], 3), round(shown["high"], 3)) == (0.764, 0.991)
    assert len(part.context["guards"]) == 3 and "20 of 50 answers." in part.content.decode()


def test_why_a_canary_was_taken_away_stays_on_the_page(
    browse,
    alice,
    acme,
    endpoint,  # noqa: F811
    canary,
):
    with tenant_scope(acme):
        assert challengers.roll_back(canary.pk, cause="7 of 9 requests failed.")
    page = browse(alice).get(url("endpoint", endpoint.engagement)).content.decode()
    assert "Model version 2 was taken away." in page and page.count("7 of 9 requests") >= 2
    assert "Rolled back" in page


def test_forms_are_not_replaced_by_traffic_but_figures_are(
    browse,
    alice,
    endpoint,  # noqa: F811
    canary,
):
    client, traffic = browse(alice), f"predictions:{endpoint.pk}"
    for name, listens in (("beside", False), ("compared", True), ("history", False)):
        fragment = client.get(url("part", endpoint.engagement, name)).content.decode()
        assert (traffic in fragment) is listens


def test_who_answered_when_is_asked_on_the_page(browse, alice, endpoint, canary):  # noqa: F811
    client, address = browse(alice), url("answered", endpoint.engagement)
    now = timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
    said = client.get(address, {"at": now}).content.decode()
    assert "Model version 1" in said and "model version 2 as a canary for 5%" in said
    assert (
        "nothing answered yet" in client.get(address, {"at": "2020-01-01T00:00"}).content.decode()
    )
    refused = client.get(address, {"at": "soon"})
    assert refused.status_code == 422 and "valid date" in refused.content.decode()


def test_a_moment_is_meant_on_the_clock_of_the_zone_that_the_page_names(
    browse,
    alice,
    acme,
    endpoint,  # noqa: F811
):
    client, address = browse(alice), url("answered", endpoint.engagement)
    with tenant_scope(acme):
        began = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
        endpoint.deployments.update(live_at=began)
    berlin, shanghai = "Europe/Berlin", "Asia/Shanghai"  # two and eight hours ahead in July
    for at, zone, answered in (
        ("2026-07-01T12:29", "", False),
        ("2026-07-01T12:31", "", True),
        ("2026-07-01T14:29", berlin, False),
        ("2026-07-01T14:31", berlin, True),
        ("2026-07-01T20:29", shanghai, False),
        ("2026-07-01T20:31", shanghai, True),
    ):
        said = client.get(address, {"at": at, "zone": zone})
        words = "Model version 1" if answered else "nothing answered yet"
        assert said.status_code == 200 and words in said.content.decode(), (at, zone)
        told = re.search(r'datetime="([^"]+)" data-localtime', said.content.decode())[1]
        assert datetime.fromisoformat(told).astimezone(UTC).hour == 12  # the page shows it its way
    for zone in ("Mars/Olympus", "../../etc/passwd", "Europe", "x" * 2000):
        refused = client.get(address, {"at": "2026-07-01T12:31", "zone": zone})
        assert refused.status_code == 422 and "no time zone" in refused.content.decode()
    skipped = client.get(address, {"at": "2026-03-29T02:30", "zone": berlin})
    assert skipped.status_code == 422  # the clock went forward: there was no such moment


def test_the_page_names_the_readers_zone_beside_the_moment(browse, alice, endpoint):  # noqa: F811
    page = browse(alice).get(url("endpoint", endpoint.engagement)).content.decode()
    assert re.search(r'<input[^>]* name="zone"[^>]* data-zone', page)
    assert re.search(r"<span[^>]* data-zone>UTC</span>", page)  # until the page has run
    assert "js/zone" in page


def test_the_live_panel_says_when_the_data_plane_is_silent(
    browse,
    alice,
    endpoint,  # noqa: F811
    settings,
):
    settings.LEPTON_INFERENCE_BACKEND = "http://127.0.0.1:9"
    page = browse(alice).get(url("now", endpoint.engagement)).content.decode()
    assert "does not answer right now" in page and "Nobody asked in the last 15 minutes" in page
