"""The dialect of Hugging Face, with their own client against the endpoint's plain address."""

import base64

import httpx2
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from accounts.scoping import tenant_scope
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_refusals import bearer, refusal

pytestmark = pytest.mark.slow
PLAIN = "acme/castings"


@pytest.fixture
def client(inference, key):
    return InferenceClient(model=f"{inference.url}/v1/endpoints/{PLAIN}", token=key)


def test_the_client_gets_the_endpoints_answer(client, deployed, version_of, ask):
    deployed(version_of())
    first = answer(ask(models.picture()))
    classes = client.image_classification(models.picture())
    assert [{"label": one.label, "score": one.score} for one in classes] == first["scores"]
    best = client.image_classification(models.picture(), top_k=1)
    assert [(one.label, one.score) for one in best] == [(first["label"], first["score"])]


def test_five_classes_are_answered_when_nobody_says_how_many(client, deployed, version_of):
    deployed(version_of(classes=["a", "b", "c", "d", "e", "f", "g"]))
    scores = [one.score for one in client.image_classification(models.picture())]
    assert len(scores) == 5 and scores == sorted(scores, reverse=True)
    assert len(client.image_classification(models.picture(), top_k=7)) == 7


def test_json_is_read_with_and_without_its_content_type(ask, deployed, version_of, acme, inference):
    deployed(version_of())
    encoded = base64.b64encode(models.picture()).decode()
    document = {"inputs": encoded, "parameters": {"top_k": 1}}
    replies = [
        ask(json=document, path=PLAIN),
        ask(b'{"inputs": "%s", "parameters": {"top_k": 1}}' % encoded.encode(), path=PLAIN),
    ]
    for response in replies:
        assert answer(response) == [{"label": "ok", "score": answer(replies[0])[0]["score"]}]
    ids = {response.headers["x-prediction-id"] for response in replies}
    inference.until(lambda: _recorded(acme) == ids, seconds=2)


def test_a_list_of_images_gets_a_list_of_answers(ask, deployed, version_of):
    deployed(version_of())
    pictures = [models.picture(), models.picture((20, 240, 30))]
    encoded = [base64.b64encode(picture).decode() for picture in pictures]
    response = ask(json={"inputs": encoded}, path=PLAIN)
    singles = [answer(ask(picture, path=PLAIN)) for picture in pictures]
    assert [ranked[0]["label"] for ranked in answer(response)] == [
        one[0]["label"] for one in singles
    ]
    assert len(set(response.headers["x-prediction-id"].split(", "))) == 2


NONSENSE = [
    ({"content": b""}, "inputs"),
    ({"content": b"a text file"}, "inputs"),
    ({"json": {}}, "inputs"),
    ({"json": {"inputs": 7}}, "inputs"),
    ({"json": {"inputs": []}}, "inputs"),
    ({"json": {"inputs": ["x"]}}, "inputs[0]"),
    ({"json": {"inputs": "eA==", "parameters": {"top_k": 0}}}, "top_k"),
    ({"json": {"inputs": "eA==", "parameters": {"threshold": 1}}}, "threshold"),
    ({"json": {"inputs": "eA==", "parameters": {"function_to_apply": "none"}}}, "function"),
    ({"json": {"inputs": "eA==", "parameters": []}}, "parameters"),
    ({"content": b"{"}, "JSON"),
]


def test_what_makes_no_sense_is_refused_by_name(ask, deployed, version_of):
    deployed(version_of())
    for sent, word in NONSENSE:
        assert word in refusal(ask(path=PLAIN, **sent), 422)["error"], sent


def test_forms_and_compressed_bodies_are_not_read_here(ask, deployed, version_of, key):
    deployed(version_of())
    refusal(ask(path=PLAIN, files={"image": models.picture()}), 415)
    refusal(ask(b"x", path=PLAIN, headers=bearer(key) | {"Content-Encoding": "gzip"}), 415)


def test_the_client_is_told_in_our_words(inference, client, deployed, version_of, key):
    deployed(version_of())
    with pytest.raises(HfHubHTTPError, match="not an image"):
        client.image_classification(b"a text file")
    stranger = InferenceClient(model=client.model, token="lep_wrong")
    with pytest.raises(HfHubHTTPError, match="API key"):
        stranger.image_classification(models.picture())
    assert httpx2.get(client.model, headers=bearer(key)).json()["ready"]  # GET stays what it was


def _recorded(tenant):
    with tenant_scope(tenant):
        return {str(pk) for pk in Prediction.objects.values_list("pk", flat=True)}
