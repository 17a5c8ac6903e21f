"""The log of predictions is searched by time, class, confidence, client and reference."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme/predictions"


@pytest.fixture
def logged(place, predict, alice):
    """One ordinary prediction and others that differ in one thing each."""
    day = datetime(2026, 3, 2, 12, tzinfo=UTC)
    return {
        "old": predict(at=day),
        "unsure": predict(score=0.4, scores=[0.4, 0.6]),
        "scratch": predict(label="scratch"),
        "by a key": predict(api_key=place.key),
        "by Alice": predict(user=alice, source="browser"),
        "named": predict(reference="part-7"),
    }


@pytest.mark.parametrize(
    "wanted, found",
    [
        ({"since": "2026-03-01T00:00Z", "until": "2026-03-03T00:00Z"}, ["old"]),
        ({"score_to": 0.5}, ["unsure"]),
        ({"score_from": 0.39, "score_to": 0.41, "label": "ok"}, ["unsure"]),
        ({"label": "scratch"}, ["scratch"]),
        ({"reference": "part-7"}, ["named"]),
        ({"model_version": 2}, []),
    ],
)
def test_the_api_narrows_by_each(logged, browse, bob, wanted, found):
    rows = browse(bob).get(API, wanted).json()["results"]
    assert {row["id"] for row in rows} == {str(logged[name].pk) for name in found}


def test_the_api_narrows_by_who_asked(logged, place, browse, bob, alice):
    for client, name in ((place.key.pk, "by a key"), (alice.pk, "by Alice")):
        rows = browse(bob).get(API, {"client": str(client)}).json()["results"]
        assert [row["id"] for row in rows] == [str(logged[name].pk)]


@pytest.mark.parametrize("wrong", [{"score_to": 2}, {"client": "me"}, {"model_version": 0}])
def test_the_api_names_a_wrong_filter(place, browse, bob, wrong):
    answer = browse(bob).get(API, wrong)
    assert answer.status_code == 400 and next(iter(wrong)) in answer.json()["fields"]


def test_the_page_narrows_by_the_same(logged, place, browse, bob):
    client = browse(bob)
    url = reverse("feedback:predictions", args=["acme", place.engagement.pk])
    for wanted, name in [
        ({"score_to": "50"}, "unsure"),
        ({"since": "2026-03-02", "until": "2026-03-02"}, "old"),
        ({"client": str(place.key.pk)}, "by a key"),
        ({"reference": "part-7"}, "named"),
    ]:
        page = client.get(url, wanted, headers={"HX-Request": "true"}).text
        assert page.count("row-target") == 1 and str(logged[name].pk) in page


def test_a_day_ends_where_the_next_begins(logged, place, predict, browse, bob):
    predict(at=datetime(2026, 3, 3, tzinfo=UTC))
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    url = reverse("feedback:predictions", args=["acme", place.engagement.pk])
    client = browse(bob)
    page = client.get(url, {"until": "2026-03-02"}, headers={"HX-Request": "true"}).text
    assert page.count("row-target") == 1
    page = client.get(url, {"since": tomorrow}, headers={"HX-Request": "true"}).text
    assert "Nothing fits" in page
    page = client.get(url, {"until": "9999-12-31"}, headers={"HX-Request": "true"})
    assert page.status_code == 200 and page.text.count("row-target") > 1
