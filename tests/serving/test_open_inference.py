"""The Open Inference Protocol v2, with Triton's own client and with what it cannot send."""

import base64
import io

import numpy as np
import pytest
import tritonclient.http as triton
from PIL import Image
from tritonclient.utils import InferenceServerException

from accounts.scoping import tenant_scope
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import answer

pytestmark = pytest.mark.slow
INFER = "acme/castings/v2/models/castings/infer"
PICTURES = [models.picture(), models.picture((20, 240, 30)), models.picture(kind="PNG")]


def bytes_input(images, *, binary=True):
    data = images if binary else [base64.b64encode(image) for image in images]
    made = triton.InferInput("image", [len(images)], "BYTES")
    return [made.set_data_from_numpy(np.array(data, dtype=np.object_), binary_data=binary)]


def test_health_and_metadata_are_told(triton_client, headers, deployed, version_of):
    version = version_of()
    deployed(version)
    assert triton_client.is_server_live(headers=headers)
    assert triton_client.is_server_ready(headers=headers)
    assert triton_client.is_model_ready("castings", headers=headers)
    assert triton_client.is_model_ready("castings", str(version.number), headers=headers)
    assert "binary_tensor_data" in triton_client.get_server_metadata(headers=headers)["extensions"]
    model = triton_client.get_model_metadata("castings", headers=headers)
    assert model["name"] == "castings" and model["versions"] == [str(version.number)]
    assert model["inputs"] == [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    scores = next(one for one in model["outputs"] if one["name"] == "scores")
    assert scores["shape"] == [-1, 2] and scores["parameters"]["classes"] == models.CLASSES


def test_nothing_is_ready_before_a_deployment(triton_client, headers, castings, inference):
    inference.until(lambda: triton_client.is_server_live(headers=headers))
    assert not triton_client.is_server_ready(headers=headers)
    assert not triton_client.is_model_ready("castings", headers=headers)
    with pytest.raises(InferenceServerException, match="deployed"):
        triton_client.infer("castings", bytes_input(PICTURES), headers=headers)


@pytest.mark.parametrize("binary", [True, False])
def test_a_batch_gets_the_answers_of_single_requests(
    triton_client, headers, deployed, version_of, ask, acme, inference, binary
):
    version = version_of()
    deployed(version)
    singles = [answer(ask(image)) for image in PICTURES]
    wanted = [
        triton.InferRequestedOutput(name, binary_data=binary)
        for name in ("label", "scores", "prediction_id")
    ]
    result = triton_client.infer(
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


def test_without_a_word_about_outputs_all_come(triton_client, headers, deployed, version_of):
    version = version_of()
    deployed(version)
    number = str(version.number)
    result = triton_client.infer("castings", bytes_input(PICTURES), number, headers=headers)
    assert result.as_numpy("label").shape == (3,)
    assert result.as_numpy("scores").dtype == np.float32
    assert result.as_numpy("scores").shape == (3, 2)


def test_classification_names_the_best_classes(triton_client, headers, deployed, version_of, ask):
    deployed(version_of())
    first = answer(ask(PICTURES[0]))
    wanted = [triton.InferRequestedOutput("scores", class_count=1)]
    result = triton_client.infer(
        "castings", bytes_input(PICTURES[:1]), outputs=wanted, headers=headers
    )
    score, number, label = _text(result.as_numpy("scores")[0][0]).split(":")
    assert label == first["label"] == models.CLASSES[int(number)]
    assert float(score) == first["score"]


@pytest.mark.parametrize("binary", [True, False])
def test_pixels_are_answered_as_the_file_they_came_from(
    triton_client, headers, deployed, version_of, ask, binary
):
    deployed(version_of())
    pixels = np.zeros((2, 30, 40, 3), np.uint8) + np.array((200, 40, 90), np.uint8)
    pixels[1, :10] //= 2
    files = [answer(ask(_png(one))) for one in pixels]
    sent = triton.InferInput("raw_image", list(pixels.shape), "UINT8")
    sent.set_data_from_numpy(pixels, binary_data=binary)
    result = triton_client.infer("castings", [sent], headers=headers)
    best = result.as_numpy("scores").max(axis=1)
    assert list(best) == pytest.approx([one["score"] for one in files], abs=1e-3)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_bodies_are_read(triton_client, headers, deployed, version_of, algorithm):
    deployed(version_of())
    plain = triton_client.infer("castings", bytes_input(PICTURES), headers=dict(headers))
    packed = triton_client.infer(
        "castings",
        bytes_input(PICTURES),
        headers=dict(headers),
        request_compression_algorithm=algorithm,
    )
    assert (plain.as_numpy("scores") == packed.as_numpy("scores")).all()


def test_headers_left_over_from_an_earlier_call_do_no_harm(
    triton_client, headers, deployed, version_of
):
    deployed(version_of())
    outputs = [triton.InferRequestedOutput("label", binary_data=False)]
    compression = {"request_compression_algorithm": "gzip"}
    triton_client.infer(
        "castings", bytes_input(PICTURES), headers=headers, outputs=outputs, **compression
    )
    assert "Inference-Header-Content-Length" in headers  # the client left its own there
    in_json = bytes_input(PICTURES[:1], binary=False)
    result = triton_client.infer("castings", in_json, headers=headers, outputs=outputs)
    assert result.as_numpy("label").shape == (1,)


def test_a_length_beyond_the_body_is_no_hindrance_to_json(ask, headers, deployed, version_of):
    deployed(version_of())
    for length in ("5", "999999999"):
        stale = headers | {"Inference-Header-Content-Length": length}
        answer(ask(json=document(), path=INFER, headers=stale))


def test_a_body_that_is_the_one_tensor_needs_no_json(ask, headers, deployed, version_of):
    deployed(version_of())
    raw = headers | {"Inference-Header-Content-Length": "0"}
    reply = answer(ask(PICTURES[0], path=INFER, headers=raw))
    label = next(one for one in reply["outputs"] if one["name"] == "label")
    assert label["data"] == [answer(ask(PICTURES[0]))["label"]]


def test_a_batch_is_all_or_nothing(triton_client, headers, deployed, version_of, acme, inference):
    deployed(version_of())
    before = _recorded(acme)
    with pytest.raises(InferenceServerException, match=r"image\[1\]"):
        triton_client.infer(
            "castings", bytes_input([PICTURES[0], b"none", PICTURES[1]]), headers=headers
        )
    triton_client.infer("castings", bytes_input(PICTURES[:1]), headers=headers)
    inference.until(lambda: len(_recorded(acme)) > len(before), seconds=2)
    assert len(_recorded(acme)) == len(before) + 1


def document(**changes):
    image = base64.b64encode(PICTURES[0]).decode()
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1], "data": [image]}
    return {"inputs": [tensor | changes]}


def _text(element):
    return element.decode() if isinstance(element, bytes) else element


def _png(pixels):
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


def _recorded(tenant, **which):
    with tenant_scope(tenant):
        return {str(pk) for pk in Prediction.objects.filter(**which).values_list("pk", flat=True)}
