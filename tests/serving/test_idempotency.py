"""A client that asks again under the same Idempotency-Key gets the same reply, once computed."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.db import OperationalError
from django.utils import timezone

from accounts import system
from accounts.scoping import tenant_scope
from serving import idempotency, services
from serving.models import Prediction, StoredReply
from serving.protocols import Question, Sent
from serving.refusals import Refused
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_refusals import bearer, refusal

pytestmark = pytest.mark.slow
IMAGE = models.picture()


@pytest.fixture
def once(ask, key):
    """Ask under an Idempotency-Key: `once("a", IMAGE)`."""

    def send(idempotency_key, data=None, **sent):
        return ask(data, headers=bearer(key) | {"Idempotency-Key": idempotency_key}, **sent)

    return send


@pytest.fixture
def change(acme):
    """Change the only stored reply: `change(body=None)`."""

    def update(**values):
        with tenant_scope(acme):
            assert StoredReply.objects.update(**values) == 1

    return update


def test_the_same_request_gets_the_same_reply(once, deployed, version_of, acme, inference):
    deployed(version_of())
    first, again = once("a", IMAGE), once("a", IMAGE)
    assert answer(again) == answer(first)
    assert again.headers["x-prediction-id"] == first.headers["x-prediction-id"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = once("b", IMAGE)
    assert answer(other)["prediction_id"] != answer(first)["prediction_id"]
    inference.until(lambda: _count(acme, Prediction) == 2, seconds=2)


def test_a_form_sent_again_is_the_same_request(once, deployed, version_of):
    deployed(version_of())
    replies = [once("a", files={"image": IMAGE}) for _ in range(2)]  # with other boundaries
    assert answer(replies[0]) == answer(replies[1])


def test_another_request_under_the_same_key_is_refused(once, deployed, version_of):
    deployed(version_of())
    answer(once("a", IMAGE))
    for response in (
        once("a", models.picture((1, 2, 3))),
        once("a", IMAGE, path="acme/castings/predict?top_k=1"),
        once("a", IMAGE, path="acme/castings"),
    ):
        assert "another request" in refusal(response, 422)["error"]


def test_every_dialect_keeps_its_replies(once, deployed, version_of):
    deployed(version_of())
    encoded = base64.b64encode(IMAGE).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [encoded]}
    infer = "acme/castings/v2/models/castings/infer"
    outputs = {"parameters": {"binary_data_output": True}}
    for number, sent in enumerate(
        [
            {"json": {"inputs": encoded}, "path": "acme/castings"},
            {"json": {"inputs": [tensor], "id": "x"} | outputs, "path": infer},
        ]
    ):
        first, again = (once(f"dialect-{number}", **sent) for _ in range(2))
        assert first.status_code == again.status_code == 200
        assert first.content == again.content
        name = "inference-header-content-length"
        assert first.headers.get(name) == again.headers.get(name)


def test_a_request_in_flight_is_not_answered_twice(once, deployed, version_of, change):
    deployed(version_of())
    first = answer(once("a", IMAGE))
    change(body=None, answering_until=timezone.now() + timedelta(seconds=30))
    response = once("a", IMAGE)
    assert "still being answered" in refusal(response, 409)["error"]
    assert int(response.headers["retry-after"]) > 0
    change(answering_until=timezone.now() - timedelta(seconds=1))  # its process is gone
    second = answer(once("a", IMAGE))
    assert second["prediction_id"] != first["prediction_id"]
    assert answer(once("a", IMAGE)) == second


def test_many_at_once_make_one_prediction(once, deployed, version_of, acme, inference):
    deployed(version_of())
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: once("a", IMAGE), range(8)))
    answers = [answer(reply) for reply in replies if reply.status_code != 409]
    assert answers and all(one == answers[0] for one in answers)
    answer(once("b", IMAGE))
    inference.until(lambda: _count(acme, Prediction) == 2, seconds=2)


def test_a_refusal_is_no_reply(once, deployed, version_of, acme):
    deployed(version_of())
    refusal(once("a", b"a text file"), 422)
    assert _count(acme, StoredReply) == 0
    answer(once("a", IMAGE))


def test_a_day_later_the_key_is_free_again(once, deployed, version_of, change, acme):
    deployed(version_of())
    first = answer(once("a", IMAGE))
    change(at=timezone.now() - timedelta(hours=25))
    assert answer(once("a", IMAGE))["prediction_id"] != first["prediction_id"]
    assert _count(acme, StoredReply) == 1


def test_a_key_must_be_visible_text(once, deployed, version_of):
    deployed(version_of())
    for key in ("", "two words", "x" * 256):
        document = refusal(once(key, IMAGE), 422)
        assert "Idempotency-Key" in document["fields"]


def test_tenants_do_not_share_keys(once, deployed, version_of, carol, inference, ask):
    deployed(version_of())
    answer(once("a", IMAGE))
    globex = system.tenants_of(carol)[0]
    headers = bearer(factories.api_key(globex, carol, "predict")) | {"Idempotency-Key": "a"}
    refusal(ask(IMAGE, headers=headers), 404)


def test_a_reply_outlives_its_process(own_inference, acme, alice, castings, version_of, key):
    with tenant_scope(acme):
        services.deploy(castings, model_version=version_of(), by=alice)
    url = f"{own_inference.url}/v1/endpoints/acme/castings/predict"
    headers = bearer(key) | {"Idempotency-Key": "a"}
    own_inference.until(lambda: _ask(url, headers).status_code == 200)
    first = answer(_ask(url, headers))
    own_inference.kill()
    own_inference.start().wait()
    own_inference.until(lambda: _ask(url, headers).status_code == 200)
    assert answer(_ask(url, headers)) == first


def _ask(url, headers):
    return httpx.post(url, content=IMAGE, headers=headers, timeout=30)


def _count(tenant, model):
    with tenant_scope(tenant):
        return model.objects.count()


def test_nothing_is_promised_while_the_database_is_away(monkeypatch):
    def away(*_arguments):
        raise OperationalError

    async def ask():
        monkeypatch.setattr(idempotency, "_claim", away)
        replies = idempotency.Replies()
        question = ("predict", Question([Sent(IMAGE)]))
        try:
            await replies.once("a", None, question, None, seconds=1)
        finally:
            replies.stop()

    with pytest.raises(Refused) as refused:
        asyncio.run(ask())
    assert refused.value.status == 503
