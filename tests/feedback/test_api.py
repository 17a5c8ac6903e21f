"""API of feedback: by id, by the client's own reference, in bulk."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from feedback.models import Feedback
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme"


@pytest.fixture
def send(client, acme, alice):
    """Post JSON with a key that may give feedback."""
    secret = factories.api_key(acme, alice, "feedback", "view")

    def post(address, data):
        headers = {"Authorization": f"Bearer {secret}"}
        json = "application/json"
        return client.post(f"{API}/{address}", data, content_type=json, headers=headers)

    return post


def test_a_client_answers_by_prediction_id(send, prediction, place):
    address = f"predictions/{prediction.pk}/feedback"
    first = send(address, {"verdict": "correct", "label": "scratch"})
    again = send(address, {"verdict": "correct", "label": "scratch"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["created_by"] == "API key test client"
    with tenant_scope(place.tenant):
        assert Feedback.objects.get(prediction=prediction).api_key.name == "test client"
        assert AuditEntry.objects.filter(verb="feedback.given").get().api_key.name == "test client"


def test_the_history_is_read_back(send, browse, bob, prediction):
    address = f"predictions/{prediction.pk}/feedback"
    send(address, {"verdict": "confirm"})
    send(address, {"verdict": "reject"})
    rows = browse(bob).get(f"{API}/{address}").json()["results"]
    assert [row["verdict"] for row in rows] == ["reject", "confirm"]
    assert rows[0]["superseded_at"] is None and rows[1]["superseded_at"]


def test_a_client_answers_by_its_own_reference_and_means_the_newest(send, predict, prediction):
    newer = predict(reference="part-1", at=timezone.now() + timedelta(seconds=1))
    answer = send("feedback", {"reference": "part-1", "verdict": "confirm"})
    assert answer.json()["prediction_id"] == str(newer.pk)


@pytest.mark.parametrize(
    "said, status, words",
    [
        ({"verdict": "confirm"}, 400, "one of the two"),
        ({"verdict": "confirm", "reference": "x", "prediction_id": str(uuid.uuid4())}, 400, "two"),
        ({"verdict": "confirm", "reference": "unheard of"}, 404, ""),
        ({"verdict": "confirm", "prediction_id": str(uuid.uuid4())}, 404, ""),
        ({"verdict": "correct", "label": "dent", "reference": "part-1"}, 400, "“ok”, “scratch”"),
        ({"verdict": "maybe", "reference": "part-1"}, 400, "verdict"),
        ({"verdikt": "confirm", "reference": "part-1"}, 400, "verdikt"),
    ],
)
def test_refusals_say_what_is_wrong(send, prediction, said, status, words):
    answer = send("feedback", said)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert words in answer.json()["error"]


def test_bulk_answers_are_taken_or_refused_one_by_one(send, predict, prediction, place):
    other = predict()
    rows = [
        {"reference": "part-1", "verdict": "confirm"},
        {"prediction_id": str(other.pk), "verdict": "correct", "label": "scratch"},
        {"reference": "unheard of", "verdict": "confirm"},
        {"reference": "part-1", "verdict": "confirm"},
        {"reference": "part-1", "verdict": "correct", "label": "dent"},
        {"reference": "part-1", "verdikt": "confirm"},
        {"verdict": "confirm"},
    ]
    answer = send("feedback/bulk", {"feedback": rows}).json()
    assert [o["status"] for o in answer["outcomes"]] == [201, 201, 404, 200, 400, 400, 400]
    assert [o["row"] for o in answer["outcomes"]] == list(range(7))
    assert (answer["taken"], answer["refused"]) == (3, 4)
    assert "verdikt" in answer["outcomes"][5]["error"]
    with tenant_scope(place.tenant):
        told = TimelineEntry.objects.get(kind="feedback.given_in_bulk")
        assert told.params == {"count": 2}


def test_of_two_answers_in_one_bulk_the_later_stands(send, prediction, place):
    rows = [{"reference": "part-1", "verdict": verdict} for verdict in ("confirm", "reject")]
    send("feedback/bulk", {"feedback": rows})
    with tenant_scope(place.tenant):
        assert Feedback.objects.current().get(prediction=prediction).verdict == "reject"


def test_a_thousand_rows_are_taken_and_one_more_is_not(send, predict, place):
    for number in range(5):
        predict(reference=f"n{number}")
    rows = [{"reference": f"n{number % 5}", "verdict": "confirm"} for number in range(1001)]
    assert send("feedback/bulk", {"feedback": rows}).status_code == 400
    answer = send("feedback/bulk", {"feedback": rows[:1000]})
    assert answer.status_code == 200 and answer.json()["taken"] == 1000


@pytest.mark.parametrize("body", [{}, {"feedback": []}, {"feedback": "x"}, {"feedback": ["x"]}])
def test_a_bulk_that_makes_no_sense_is_refused(send, prediction, body):
    assert send("feedback/bulk", body).status_code == 400


def test_a_viewer_and_a_key_without_the_scope_give_none(client, browse, acme, alice, bob, place):
    address = f"{API}/feedback"
    said = {"reference": "part-1", "verdict": "confirm"}
    json = {"content_type": "application/json"}
    assert browse(bob).post(address, said, **json).status_code == 403
    headers = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view', 'predict')}"}
    assert client.post(address, said, headers=headers, **json).status_code == 403


def test_a_foreign_prediction_is_not_found(browse, carol, prediction):
    json = {"content_type": "application/json"}
    said = {"verdict": "confirm"}
    for tenant in ("acme", "globex"):
        address = f"/api/v1/tenants/{tenant}/predictions/{prediction.pk}/feedback"
        assert browse(carol).post(address, said, **json).status_code == 404
