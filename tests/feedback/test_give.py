"""Feedback in the browser: what may be said, by whom, and what stands."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse

from accounts.scoping import tenant_scope
from engagements import changes
from engagements.models import TimelineEntry
from feedback import services
from feedback.models import Feedback
from serving.models import Prediction
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_answer_stands_until_a_newer_one(browse, alice, prediction, place):
    client, url = browse(alice), _url(place, prediction)
    client.post(url, {"verdict": "confirm"})
    page = client.post(url, {"verdict": "correct", "label": "scratch", "comment": "left edge"}).text
    assert "Corrected" in page and "left edge" in page and "2 answers so far" in page
    with tenant_scope(place.tenant):
        first, second = Feedback.objects.filter(prediction=prediction).order_by("created_at")
        assert first.superseded_at and second.superseded_at is None
        assert Feedback.objects.current().get(prediction=prediction) == second


def test_the_same_answer_twice_is_one_answer(alice, prediction, place):
    with tenant_scope(place.tenant):
        first, is_new = services.give(prediction, verdict="confirm", by=alice)
        again, is_new_again = services.give(prediction, verdict="confirm", by=alice)
    assert (is_new, is_new_again) == (True, False)
    assert first.pk == again.pk


def test_the_same_answer_of_somebody_else_is_another(acme, alice, prediction, place):
    erin = factories.member(acme, "Erin", "editor")
    with tenant_scope(acme):
        services.give(prediction, verdict="confirm", by=alice)
        feedback, is_new = services.give(prediction, verdict="confirm", by=erin)
    assert is_new and feedback.created_by == erin


@pytest.mark.parametrize(
    "said, words",
    [
        ({"verdict": "correct"}, "one of “ok”, “scratch”"),
        ({"verdict": "correct", "label": "dent"}, "one of “ok”, “scratch”"),
        ({"verdict": "correct", "label": "ok"}, "confirm it instead"),
        ({"verdict": "confirm", "label": "scratch"}, "Only a correction names a label"),
        ({"verdict": "reject", "label": "ok"}, "Only a correction names a label"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused_with_its_reason(
    browse, alice, prediction, place, said, words
):
    answer = browse(alice).post(_url(place, prediction), said)
    assert answer.status_code == 422
    assert words in answer.text
    with tenant_scope(place.tenant):
        assert not Feedback.objects.filter(prediction=prediction).exists()


def test_a_class_that_is_asked_for_since_may_be_named(alice, mei, prediction, place):
    wider = ["ok", "scratch", "dent"]
    with tenant_scope(place.tenant):
        changes.withdraw_change(place.change_request, by=alice)
        asked = changes.propose_change(place.engagement, reason="More.", classes=wider, by=alice)
        changes.accept_change(asked, by=mei)
        feedback, _is_new = services.give(prediction, verdict="correct", label="dent", by=alice)
    assert feedback.label == "dent"


def test_a_viewer_reads_answers_and_gives_none(browse, alice, bob, prediction, place):
    url = _url(place, prediction)
    browse(alice).post(url, {"verdict": "confirm"})
    client = browse(bob)
    page = client.get(url, headers={"HX-Request": "true"}).text
    assert "Confirmed" in page and "<button" not in page
    assert client.post(url, {"verdict": "reject"}).status_code == 403


def test_an_answer_sent_before_the_scripts_are_there_gets_a_whole_page(
    browse, alice, prediction, place
):
    client, url = browse(alice), _url(place, prediction)
    plain = client.post(url, {"verdict": "confirm"}).text
    fragment = client.post(url, {"verdict": "confirm"}, headers={"HX-Request": "true"}).text
    assert "</html>" in plain and "Confirmed" in plain
    assert "</html>" not in fragment and "Confirmed" in fragment
    refused = client.post(url, {"verdict": "correct"})
    assert refused.status_code == 422 and "</html>" in refused.text


def test_a_stranger_finds_no_prediction(browse, carol, prediction, place):
    client, url = browse(carol), _url(place, prediction)
    for address in (url, url.replace("/t/acme/", "/t/globex/")):
        assert client.get(address).status_code == 404
        assert client.post(address, {"verdict": "confirm"}).status_code == 404


def test_a_prediction_is_found_only_in_its_own_engagement(browse, acme, alice, prediction, place):
    other = factories.engagement(acme, alice, name="Another")
    url = reverse("feedback:give", args=["acme", other.pk, prediction.pk])
    assert browse(alice).get(url).status_code == 404


def test_answers_are_told_and_audited(alice, prediction, place, browse):
    browse(alice).post(_url(place, prediction), {"verdict": "confirm"})
    with tenant_scope(place.tenant):
        entry = TimelineEntry.objects.newest_first().first()
    assert (entry.kind, entry.actor_label) == ("feedback.given", "Alice")
    assert "Feedback given" in browse(alice).get("/t/acme/audit/").text


@pytest.mark.django_db(transaction=True)
def test_many_answers_at_once_leave_one_standing(acme, alice, prediction, place):
    start, errors = threading.Barrier(4), []

    def answer(number):
        try:
            with tenant_scope(acme):
                row = Prediction.objects.get(pk=prediction.pk)
                start.wait()
                services.give(row, verdict="reject", comment=str(number), by=alice)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with tenant_scope(acme):
        assert Feedback.objects.filter(prediction=prediction).count() == 4
        assert Feedback.objects.current().filter(prediction=prediction).count() == 1


def test_an_unknown_verdict_is_refused(alice, prediction, place):
    with tenant_scope(place.tenant), pytest.raises(ValidationError, match="confirm, correct or"):
        services.give(prediction, verdict="perhaps", by=alice)


def _url(place, prediction):
    return reverse("feedback:give", args=["acme", place.engagement.pk, prediction.pk])
