"""Practice keys: answered by the real model, seen by the server, counted nowhere."""

import base64
import time
import uuid

import httpx
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import services as accounts
from accounts.models import ApiKey, Membership
from accounts.scoping import tenant_scope
from enablement import practicals, practice
from enablement.models import PracticeAnswer, PracticeCall
from feedback.models import Feedback
from serving.models import Prediction
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_refusals import bearer, refusal

IMAGE = models.picture()


def a_practice_key(tenant, person):
    with tenant_scope(tenant):
        return practice.make_key(by=person)[1]


@pytest.fixture
def practise(inference, deployed, version_of, acme, bob):
    """Send images with Bob's practice key: `practise(IMAGE, headers={…})`."""
    deployed(version_of())
    key = a_practice_key(acme, bob)
    url = f"{inference.url}/v1/endpoints/acme/castings/predict"

    def send(data=IMAGE, *, headers=None, address=url, **more):
        sent = bearer(key) | (headers or {})
        return httpx.post(address, content=data, headers=sent, timeout=30, **more)

    send.key, send.url = key, url
    return send


def overdraw(practise, images):
    """Send a batch that uses up more than the quota, however slow the machine is."""
    sent = {"images": [base64.b64encode(IMAGE).decode()] * images}
    reply = httpx.post(practise.url, json=sent, headers=bearer(practise.key), timeout=30)
    assert len(answer(reply)) == images


def seen(acme, castings, bob):
    """The practicals that the rows show of Bob."""
    with tenant_scope(acme):
        found = {
            one.key: one.find(castings.engagement, bob)
            for one in practicals.known()
            if one.needs_key
        }
    return {key for key, what in found.items() if what}


@pytest.mark.slow
def test_what_a_practice_key_sends_counts_nowhere(practise, acme, castings, bob):
    reply = answer(practise())
    with tenant_scope(acme):
        assert not Prediction.objects.exists()
        (row,) = PracticeAnswer.objects.all()
        assert (str(row.pk), row.label) == (reply["prediction_id"], reply["label"])
        assert row.call.engagement == castings.engagement
    assert seen(acme, castings, bob) == {"practice.authenticated", "practice.one_image"}


@pytest.mark.slow
def test_a_throttle_counts_once_it_was_waited_for(practise, acme, castings, bob):
    overdraw(practise, 8)
    refused = practise()
    assert "1 images a second" in refusal(refused, 429)["error"]
    practise()  # at once: refused again
    assert "practice.throttle" not in seen(acme, castings, bob)
    with tenant_scope(acme):
        last = PracticeCall.objects.order_by("-at").first()
    time.sleep(last.retry_after_seconds + 0.05)
    answer(practise())
    assert "practice.throttle" in seen(acme, castings, bob)


@pytest.mark.slow
def test_practice_takes_nothing_from_the_customers_programs(practise, acme, alice):
    once = {"Idempotency-Key": "part-7"}
    first = answer(practise(headers=once))
    again = practise(headers=once)
    assert answer(again)["prediction_id"] == first["prediction_id"]
    key = factories.api_key(acme, alice, "predict")
    program = httpx.post(practise.url, content=IMAGE, headers=bearer(key) | once, timeout=30)
    assert answer(program)["prediction_id"] != first["prediction_id"]
    overdraw(practise, 30)
    assert practise().status_code == 429
    program = httpx.post(practise.url, content=IMAGE, headers=bearer(key), timeout=30)
    assert program.status_code == 200


@pytest.mark.slow
def test_feedback_in_practice_stays_in_practice(practise, acme, castings, bob, client):
    reply = answer(practise(params={"reference": "part-7"}))
    headers, kind = bearer(practise.key), {"content_type": "application/json"}
    url = f"/api/v1/tenants/acme/predictions/{reply['prediction_id']}/feedback"
    same = {"verdict": "correct", "label": reply["label"]}
    refused = client.post(url, same, headers=headers, **kind)
    assert refused.status_code == 400 and "confirm it instead" in refused.json()["error"]
    other = next(one["label"] for one in reply["scores"] if one["label"] != reply["label"])
    said = {"verdict": "correct", "label": other}
    assert client.post(url, said, headers=headers, **kind).json()["label"] == other
    assert client.post(url, said, headers=headers, **kind).status_code == 200  # said already
    by_reference = {"reference": "part-7", "verdict": "confirm"}
    sent = client.post("/api/v1/tenants/acme/feedback", by_reference, headers=headers, **kind)
    assert sent.status_code == 201
    with tenant_scope(acme):
        assert not Feedback.objects.exists()
    assert "practice.feedback" in seen(acme, castings, bob)


@pytest.fixture
def practising(acme, bob):
    return bearer(a_practice_key(acme, bob))


def test_a_practice_key_reaches_no_real_prediction(acme, alice, practising, client):
    from tests import world

    place = world.build(acme, alice)
    url = f"/api/v1/tenants/acme/predictions/{place.prediction.pk}/feedback"
    kind = {"content_type": "application/json"}
    sent = client.post(url, {"verdict": "confirm"}, headers=practising, **kind)
    assert sent.status_code == 404


@pytest.mark.parametrize("path", ["engagements", "predictions", "keys", "members"])
def test_a_practice_key_opens_nothing_else(practising, client, path):
    refused = client.get(f"/api/v1/tenants/acme/{path}", headers=practising)
    assert refused.status_code == 403
    assert refused.json()["error"] == "A practice key is for practising alone."


def test_a_new_practice_key_takes_the_place_of_the_old_one(acme, bob):
    a_practice_key(acme, bob)
    a_practice_key(acme, bob)
    with tenant_scope(acme):
        old, new = ApiKey.objects.order_by("created_at")
        assert (old.state, new.state) == ("revoked", "active")
        assert (new.expires_at - timezone.now()).days == 13
        with pytest.raises(ValidationError, match="sign in"):
            practice.make_key(by=None)


def test_a_person_of_a_long_name_gets_a_key_too(acme, bob):
    type(bob).objects.filter(pk=bob.pk).update(name="B" * 120)
    bob.refresh_from_db()
    with tenant_scope(acme):
        row, _secret = practice.make_key(by=bob)
    assert row.name == f"Practice of {'B' * 68}"


def test_a_practice_key_ends_with_its_persons_membership(acme, alice, bob):
    a_practice_key(acme, bob)
    with tenant_scope(acme):
        accounts.remove_member(Membership.objects.get(user=bob), by=alice)
        assert ApiKey.objects.get().state == "revoked"


def test_the_key_is_shown_once_and_marked_in_the_list(bob, alice, browse, acme):
    engagement = factories.engagement(acme, alice)
    task = {"title": "Call", "practicals": ["practice.one_image"]}
    lesson = factories.course("integrator", "Calling", task).published.lessons.get()
    url = f"/t/acme/e/{engagement.pk}/customer-training/lessons/{lesson.pk}/"
    page = browse(bob).get(url).text
    assert "Waiting for your call" in page and "export LEPTON_KEY" not in page
    made = browse(bob).post(f"{url}practice-key/").text
    assert "export LEPTON_KEY=lep_" in made
    assert "Practice" in browse(alice).get("/t/acme/keys/").text
    key_id = _key_of(acme)
    with tenant_scope(acme):
        answered = [PracticeAnswer(classes=["ok"], label="ok", score=0.9, id=uuid.uuid4())]
        facts = {"api_key_id": key_id, "address": "predict", "status": 200}
        practice.note_call(engagement, answers=answered, **facts)
    assert "The server saw it:" in browse(bob).get(f"{url}practicals/").text


def _key_of(acme):
    with tenant_scope(acme):
        return ApiKey.objects.get(is_practice=True).pk
