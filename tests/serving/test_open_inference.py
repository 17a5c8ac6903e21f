"""The Open Inference Protocol v2, with Triton's own client and with what it cannot send."""

import base64
import gzip
import json
import struct
import zlib

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from accounts.scoping import tenant_scope
from serving.models import Prediction
from serving.protocols import IMAGES_AT_MOST
from tests.serving import models
from tests.serving.conftest import answer
from tests.serving.test_refusals import bearer, refusal

pytestmark = pytest.mark.slow
INFER = "acme/castings/v2/models/castings/infer"
PICTURES = [models.picture(), models.picture((20, 240, 30)), models.picture(kind="PNG")]


@pytest.fixture
def client(inference):
    host = inference.url.removeprefix("http://")
    with triton.InferenceServerClient(f"{host}/v1/endpoints/acme/castings") as client:
        yield client


@pytest.fixture
def headers(key):
    return bearer(key)


def bytes_input(images, *, binary=True):
    data = images if binary else [base64.b64encode(image) for image in images]
    made = triton.InferInput("image", [len(images)], "BYTES")
    return [made.set_data_from_numpy(np.array(data, dtype=np.object_), binary_data=binary)]


def test_health_and_metadata_are_told(client, headers, deployed, version_of):
    version = version_of()
    deployed(version)
    assert client.is_server_live(headers=headers)
    assert client.is_server_ready(headers=headers)
    assert client.is_model_ready("castings", headers=headers)
    assert client.is_model_ready("castings", str(version.number), headers=headers)
    assert "binary_tensor_data" in client.get_server_metadata(headers=headers)["extensions"]
    model = client.get_model_metadata("castings", headers=headers)
    assert model["name"] == "castings" and model["versions"] == [str(version.number)]
    assert model["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    scores = next(one for one in model["outputs"] if one["name"] == "scores")
    assert scores["shape"] == [-1, 2] and scores["parameters"]["classes"] == models.CLASSES


def test_nothing_is_ready_before_a_deployment(client, headers, castings, inference):
    inference.until(lambda: client.is_server_live(headers=headers))
    assert not client.is_server_ready(headers=headers)
    assert not client.is_model_ready("castings", headers=headers)
    with pytest.raises(InferenceServerException, match="deployed"):
        client.infer("castings", bytes_input(PICTURES), headers=headers)


@pytest.mark.parametrize("binary", [True, False])
def test_a_batch_gets_the_answers_of_single_requests(
    client, headers, deployed, version_of, ask, acme, inference, binary
):
    version = version_of()
    deployed(version)
    singles = [answer(ask(image)) for image in PICTURES]
    wanted = [
        triton.InferRequestedOutput(name, binary_data=binary)
        for name in ("label", "scores", "prediction_id")
    ]
    result = client.infer(
        "castings",
        bytes_input(PICTURES, binary=binary),
        outputs=wanted,
        request_id="lot-7",
        headers=headers,
    )
    labels = [_text(one) for one in result.as_numpy("label")]
    assert labels == [one["label"] for one in singles]
    scores = [dict(zip(models.CLASSES, row, strict=True)) for row in result.as_numpy("scores")]
    for single, row in zip(singles, scores, strict=True):  # a batch adds up in another order
        expected = {one["label"]: one["score"] for one in single["scores"]}
        assert row == pytest.approx(expected, abs=1e-3)
    assert result.get_response()["id"] == "lot-7"
    assert result.get_response()["model_version"] == str(version.number)
    ids = {_text(one) for one in result.as_numpy("prediction_id")}
    inference.until(lambda: _recorded(acme, reference="lot-7") == ids, seconds=2)


def test_without_a_word_about_outputs_all_come(client, headers, deployed, version_of):
    version = version_of()
    deployed(version)
    number = str(version.number)
    result = client.infer("castings", bytes_input(PICTURES), number, headers=headers)
    assert result.as_numpy("label").shape == (3,)
    assert result.as_numpy("scores").dtype == np.float32
    assert result.as_numpy("scores").shape == (3, 2)


def test_classification_names_the_best_classes(client, headers, deployed, version_of, ask):
    deployed(version_of())
    first = answer(ask(PICTURES[0]))
    wanted = [triton.InferRequestedOutput("scores", class_count=1)]
    result = client.infer("castings", bytes_input(PICTURES[:1]), outputs=wanted, headers=headers)
    score, number, label = _text(result.as_numpy("scores")[0][0]).split(":")
    assert label == first["label"] == models.CLASSES[int(number)]
    assert float(score) == first["score"]


@pytest.mark.parametrize("binary", [True, False])
def test_pixels_are_answered_as_the_file_they_came_from(
    client, headers, deployed, version_of, ask, binary
):
    deployed(version_of())
    pixels = np.zeros((2, 30, 40, 3), np.uint8) + np.array((200, 40, 90), np.uint8)
    pixels[1, :10] //= 2
    files = [answer(ask(_png(one))) for one in pixels]
    sent = triton.InferInput("raw_image", list(pixels.shape), "UINT8")
    sent.set_data_from_numpy(pixels, binary_data=binary)
    result = client.infer("castings", [sent], headers=headers)
    best = result.as_numpy("scores").max(axis=1)
    assert list(best) == pytest.approx([one["score"] for one in files], abs=1e-3)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_bodies_are_read(client, headers, deployed, version_of, algorithm):
    deployed(version_of())
    plain = client.infer("castings", bytes_input(PICTURES), headers=dict(headers))
    packed = client.infer(
        "castings",
        bytes_input(PICTURES),
        headers=dict(headers),
        request_compression_algorithm=algorithm,
    )
    assert (plain.as_numpy("scores") == packed.as_numpy("scores")).all()


def test_headers_left_over_from_an_earlier_call_do_no_harm(client, headers, deployed, version_of):
    deployed(version_of())
    outputs = [triton.InferRequestedOutput("label", binary_data=False)]
    compression = {"request_compression_algorithm": "gzip"}
    client.infer("castings", bytes_input(PICTURES), headers=headers, outputs=outputs, **compression)
    assert "Inference-Header-Content-Length" in headers  # the client left its own there
    in_json = bytes_input(PICTURES[:1], binary=False)
    result = client.infer("castings", in_json, headers=headers, outputs=outputs)
    assert result.as_numpy("label").shape == (1,)


def test_a_length_beyond_the_body_is_no_hindrance_to_json(ask, headers, deployed, version_of):
    deployed(version_of())
    for length in ("5", "999999999"):
        stale = headers | {"Inference-Header-Content-Length": length}
        answer(ask(json=_document(), path=INFER, headers=stale))


def test_a_body_that_is_the_one_tensor_needs_no_json(ask, headers, deployed, version_of):
    deployed(version_of())
    raw = headers | {"Inference-Header-Content-Length": "0"}
    reply = answer(ask(PICTURES[0], path=INFER, headers=raw))
    label = next(one for one in reply["outputs"] if one["name"] == "label")
    assert label["data"] == [answer(ask(PICTURES[0]))["label"]]


def test_another_model_or_version_is_not_there(client, headers, deployed, version_of, ask):
    version = version_of()
    deployed(version)
    with pytest.raises(InferenceServerException, match="version 1 does"):
        client.infer("castings", bytes_input(PICTURES), "9", headers=headers)
    with pytest.raises(InferenceServerException, match="called “castings”"):
        client.infer("resnet", bytes_input(PICTURES), headers=headers)
    refusal(ask(method="GET", path="acme/castings/v2/models/castings/versions/9"), 404)
    refusal(ask(method="GET", path="acme/castings/v2/models/other/ready"), 404)
    refusal(ask(method="GET", path="acme/castings/v2/models/castings/config"), 404)
    refusal(ask(method="GET", path=INFER), 405)
    refusal(ask(method="POST", path="acme/castings/v2/health/live"), 405)


def test_strangers_learn_nothing(client, headers, deployed, version_of):
    deployed(version_of())
    assert not client.is_server_live()
    with pytest.raises(InferenceServerException, match="API key"):
        client.get_server_metadata()


def test_a_batch_is_all_or_nothing(client, headers, deployed, version_of, acme, inference):
    deployed(version_of())
    before = _recorded(acme)
    with pytest.raises(InferenceServerException, match=r"image\[1\]"):
        client.infer("castings", bytes_input([PICTURES[0], b"none", PICTURES[1]]), headers=headers)
    client.infer("castings", bytes_input(PICTURES[:1]), headers=headers)
    inference.until(lambda: len(_recorded(acme)) > len(before), seconds=2)
    assert len(_recorded(acme)) == len(before) + 1


def _document(**changes):
    image = base64.b64encode(PICTURES[0]).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [image]}
    return {"inputs": [tensor | changes]}


NONSENSE = [
    ({}, "inputs"),
    ({"inputs": []}, "inputs"),
    ({"inputs": [7]}, "inputs"),
    (_document(name="picture"), "inputs"),
    ({"inputs": _document()["inputs"] * 2}, "inputs"),
    (_document(datatype="UINT8"), "image"),
    (_document(shape=[2]), "image"),
    (_document(shape=[0], data=[]), "image"),
    (_document(shape=[True]), "image"),
    (_document(shape="1"), "image"),
    (_document(shape=[1, 2]), "image"),
    (_document(shape=[IMAGES_AT_MOST + 1]), "image"),
    (_document(data="x"), "image"),
    (_document(data=["not base64!"]), "image"),
    (_document(data=[7]), "image"),
    (_document(parameters=[]), "parameters"),
    (_document(parameters={"binary_data_size": 12}), "inputs"),
    (_document() | {"id": 7}, "id"),
    (_document() | {"id": "\ud800"}, "id"),
    (_document() | {"outputs": [{"name": "logits"}]}, "outputs"),
    (_document() | {"outputs": ["scores"]}, "outputs"),
    (
        _document() | {"outputs": [{"name": "label", "parameters": {"classification": 1}}]},
        "classification",
    ),
    (
        _document() | {"outputs": [{"name": "scores", "parameters": {"classification": 0}}]},
        "classification",
    ),
    (_document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[1, 2]), "raw_image"),
    (_document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[1, 2, 256]), "raw"),
    (_document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[[1], [2, 3]]), "raw"),
    (_document(name="raw_image", datatype="UINT8", shape=[1, 0, 1, 3], data=[]), "raw_image"),
    (_document(name="raw_image", datatype="UINT8", shape=[3], data=[1, 2, 3]), "raw_image"),
]


def test_what_makes_no_sense_is_refused_by_name(ask, headers, deployed, version_of):
    deployed(version_of())
    for document, field in NONSENSE:
        sent = headers | {"Content-Type": "application/json"}
        response = ask(json.dumps(document), path=INFER, headers=sent)
        assert field in refusal(response, 422)["error"], document
    for body in (b"", b"{", b"[]", b"\xff\x00"):
        refusal(ask(body, path=INFER, headers=headers), 422)


def test_broken_binary_data_is_refused(ask, headers, deployed, version_of):
    deployed(version_of())
    image = struct.pack("<I", len(PICTURES[0])) + PICTURES[0]
    for said, data in (
        (None, image),
        (len(image) + 1, image),
        ("all", image),
        (len(image), struct.pack("<I", 9) + image[4:]),
        (7, struct.pack("<I", 2**32 - 1) + b"abc"),
        (2, b"ab"),
    ):
        tensor = {"name": "image", "datatype": "BYTES", "shape": [1]}
        tensor["parameters"] = {"binary_data_size": said}
        head = json.dumps({"inputs": [tensor]}).encode()
        sent = headers | {"Inference-Header-Content-Length": str(len(head))}
        refusal(ask(head + data, path=INFER, headers=sent), 422)
    refusal(ask(b"{}", path=INFER, headers=headers | {"Inference-Header-Content-Length": "x"}), 422)


def test_compression_is_bounded_and_must_be_whole(ask, headers, deployed, version_of):
    deployed(version_of())
    packed = headers | {"Content-Encoding": "gzip"}
    whole = gzip.compress(json.dumps(_document()).encode())
    answer(ask(whole, path=INFER, headers=packed))
    refusal(ask(gzip.compress(b" " * 3_000_000), path=INFER, headers=packed), 413)
    refusal(ask(whole[:-9], path=INFER, headers=packed), 422)
    refusal(ask(whole + b"more", path=INFER, headers=packed), 422)
    refusal(ask(b"no gzip", path=INFER, headers=packed), 422)
    brotli = headers | {"Content-Encoding": "br"}
    refusal(ask(zlib.compress(b"{}"), path=INFER, headers=brotli), 415)


def _text(element):
    return element.decode() if isinstance(element, bytes) else element


def _png(pixels):
    import io

    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def _recorded(tenant, **which):
    with tenant_scope(tenant):
        return {str(pk) for pk in Prediction.objects.filter(**which).values_list("pk", flat=True)}
