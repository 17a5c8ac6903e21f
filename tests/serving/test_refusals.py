"""What the data plane says no to: the status, the words, and problem+json every time."""

import base64
import json
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts import services as accounts
from accounts.models import ApiKey
from accounts.scoping import tenant_scope
from serving import tokens
from serving.models import RefusedTally
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer

pytestmark = pytest.mark.slow


def refusal(response, status):
    """The document of a refusal, after checking its form."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["error"] and document["error"] == document["detail"]
    return document


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_a_key_that_is_missing_or_wrong_is_refused(ask, deployed, version_of, key, acme, alice):
    deployed(version_of())
    image = models.picture()
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    for headers in ({}, bearer(wrong), bearer(keys.generate()), {"X-API-Key": "x"}):
        response = ask(image, headers=headers)
        refusal(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_an_expired_key_is_refused(ask, deployed, version_of, acme, alice):
    deployed(version_of())
    secret = factories.api_key(acme, alice, "predict")
    answer(ask(models.picture(), headers=bearer(secret)))
    with tenant_scope(acme):
        key = ApiKey.objects.get(digest=keys.digest(secret))
        ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    fresh = factories.api_key(acme, alice, "predict")
    with tenant_scope(acme):
        soon = timezone.now() - timedelta(seconds=1)
        ApiKey.objects.filter(digest=keys.digest(fresh)).update(expires_at=soon)
    assert "expired" in refusal(ask(models.picture(), headers=bearer(fresh)), 401)["error"]


def test_a_revoked_key_is_refused_within_five_seconds(
    ask, deployed, version_of, key, acme, alice, inference
):
    deployed(version_of())
    image = models.picture()
    answer(ask(image))
    with tenant_scope(acme):
        accounts.revoke_key(ApiKey.objects.get(digest=keys.digest(key)), by=alice)
    inference.until(lambda: ask(image).status_code == 401, seconds=5)
    assert "revoked" in refusal(ask(image), 401)["error"]


def test_a_key_without_the_scope_is_refused(ask, deployed, version_of, acme, alice):
    deployed(version_of())
    secret = factories.api_key(acme, alice, "view")
    assert "predict" in refusal(ask(models.picture(), headers=bearer(secret)), 403)["error"]


def test_a_foreign_endpoint_looks_like_one_that_does_not_exist(
    ask, deployed, version_of, carol, acme, alice
):
    deployed(version_of())
    globex = _tenant_of(carol)
    foreign = bearer(factories.api_key(globex, carol, "predict"))
    without_scope = bearer(factories.api_key(globex, carol, "view"))
    image = models.picture()
    unknown = refusal(ask(image, path="acme/nothing/predict"), 404)
    assert refusal(ask(image, headers=foreign), 404) == unknown
    assert refusal(ask(image, headers=without_scope), 404) == unknown
    assert refusal(ask(image, path="nobody/castings/predict"), 404) == unknown


def test_other_methods_and_addresses_are_refused(ask, inference):
    response = ask(method="GET")
    refusal(response, 405)
    assert response.headers["allow"] == "POST"
    refusal(ask(method="DELETE", path="acme/castings"), 405)
    refusal(ask(b"x", path="acme/castings/predict/more"), 404)


def test_a_body_beyond_the_limit_is_refused(ask, deployed, version_of):
    deployed(version_of())
    refusal(ask(b"x" * 2_000_001), 413)
    refusal(ask(b"x" * 100_000 for _ in range(25)), 413)
    answer(ask(models.picture()))


def test_a_form_of_body_that_is_not_read_here_is_refused(ask, deployed, version_of, key):
    deployed(version_of())
    gzipped = bearer(key) | {"Content-Encoding": "gzip"}
    refusal(ask(models.picture(), headers=gzipped), 415)
    json_without_type = b'{"image": "' + base64.b64encode(models.picture()) + b'"}'
    assert "application/json" in refusal(ask(json_without_type), 415)["error"]
    utf16 = bearer(key) | {"Content-Type": "application/json; charset=utf-16"}
    refusal(ask(b"{}", headers=utf16), 415)


NONSENSE = [
    ({"content": b""}, "image"),
    ({"content": b"a text file named .jpg"}, "image"),
    ({"content": models.picture()[:700]}, "image"),
    ({"json": {}}, "image"),
    ({"json": {"image": "not base64!"}}, "image"),
    ({"json": {"image": 7}}, "image"),
    ({"json": {"image": "", "treshold": 1, "zoom": 2}}, "treshold"),
    ({"json": {"image": "aGk=", "top_k": 0}}, "top_k"),
    ({"json": {"image": "aGk=", "reference": "x" * 201}}, "reference"),
    ({"json": ["image"]}, None),
    ({"content": b"{", "headers": {"Content-Type": "application/json"}}, None),
    ({"content": b"-", "headers": {"Content-Type": "multipart/form-data"}}, None),
    ({"files": {"reference": (None, "A")}}, "image"),
    ({"content": b"x", "params": {"topk": "1"}}, "topk"),
    ({"content": b"x", "headers": {"X-Request-Timeout": "soon"}}, "X-Request-Timeout"),
]


def test_what_makes_no_sense_is_refused_by_name(ask, deployed, version_of, key):
    deployed(version_of())
    for sent, field in NONSENSE:
        headers = bearer(key) | sent.get("headers", {})
        document = refusal(ask(**sent | {"headers": headers}), 422)
        assert field is None or field in document["fields"], sent
        assert field is None or field in document["error"], sent


def test_before_anything_is_deployed_the_client_is_told_to_come_back(ask, castings, inference):
    inference.until(lambda: ask(models.picture()).status_code != 404)
    response = ask(models.picture())
    assert "deployed" in refusal(response, 503)["error"]
    assert int(response.headers["retry-after"]) > 0


def test_a_deadline_that_cannot_be_met_is_refused(ask, deployed, version_of, key):
    deployed(version_of())
    response = ask(models.picture(), headers=bearer(key) | {"X-Request-Timeout": "0.000001"})
    assert "deadline" in refusal(response, 503)["error"]
    assert int(response.headers["retry-after"]) > 0


def test_a_browser_pass_opens_its_endpoint_only(ask, deployed, version_of, acme, alice, castings):
    deployed(version_of())
    with tenant_scope(acme):
        token = tokens.sign(castings, user=alice)
    answer(ask(models.picture(), headers=bearer(token)))
    refusal(ask(models.picture(), headers=bearer(token), path="acme/other/predict"), 404)
    refusal(ask(models.picture(), headers=bearer(token[:-2] + "xx")), 401)


def test_machines_can_ask_how_it_is(ask, inference):
    import httpx

    assert httpx.get(f"{inference.url}/livez").text == "ok"
    assert "lepton_inference_answers_total" in httpx.get(f"{inference.url}/metrics").text
    refusal(httpx.get(f"{inference.url}/"), 404)


def _tenant_of(user):
    from accounts import system

    return system.tenants_of(user)[0]


def test_a_refused_request_is_counted_for_its_endpoint(ask, deployed, version_of, acme, inference):
    deployed(version_of())
    refusal(ask(b"no picture"), 422)
    answer(ask(models.picture()))

    def counted():
        with tenant_scope(acme):
            return list(RefusedTally.objects.values_list("endpoint__slug", "status", "n"))

    inference.until(lambda: counted() == [("castings", 422, 1)], seconds=10)


def raw(inference, sent):
    """What the data plane says to these bytes until it ends the connection: status, document."""
    host, port = inference.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(sent)
        reply = b"".join(iter(lambda: client.recv(65_536), b""))
    lines, _gap, document = reply.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in lines
    return int(lines.split()[1]), json.loads(document)


def test_a_body_that_comes_later_than_its_deadline_is_refused(inference, deployed, version_of, key):
    deployed(version_of())
    lines = ["POST /v1/endpoints/acme/castings/predict HTTP/1.1", "Host: x", "Content-Length: 9"]
    lines += [f"Authorization: Bearer {key}", "X-Request-Timeout: 1", "", "begun"]
    status, document = raw(inference, "\r\n".join(lines).encode())
    assert (status, document["status"]) == (408, 408)
    assert "too long to arrive" in document["error"]


def test_what_is_no_http_is_refused_in_the_same_form(inference):
    status, document = raw(inference, b"\x16\x03\x01 as if this were TLS\r\n\r\n")
    assert (status, document["title"]) == (400, "Bad Request")
