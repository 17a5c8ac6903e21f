"""What the Open Inference Protocol's dialect says no to, in words."""

import gzip
import json
import struct
import zlib

import pytest
from tritonclient.utils import InferenceServerException

from serving.protocols import IMAGES_AT_MOST
from tests.serving.conftest import answer
from tests.serving.test_open_inference import INFER, PICTURES, bytes_input, document
from tests.serving.test_refusals import refusal

pytestmark = pytest.mark.slow


def test_another_model_or_version_is_not_there(triton_client, headers, deployed, version_of, ask):
    version = version_of()
    deployed(version)
    with pytest.raises(InferenceServerException, match="version 1 does"):
        triton_client.infer("castings", bytes_input(PICTURES), "9", headers=headers)
    with pytest.raises(InferenceServerException, match="called “castings”"):
        triton_client.infer("resnet", bytes_input(PICTURES), headers=headers)
    refusal(ask(method="GET", path="acme/castings/v2/models/castings/versions/9"), 404)
    refusal(ask(method="GET", path="acme/castings/v2/models/other/ready"), 404)
    refusal(ask(method="GET", path="acme/castings/v2/models/castings/config"), 404)
    refusal(ask(method="GET", path=INFER), 405)
    refusal(ask(method="POST", path="acme/castings/v2/health/live"), 405)


def test_strangers_learn_nothing(triton_client, headers, deployed, version_of):
    deployed(version_of())
    assert not triton_client.is_server_live()
    with pytest.raises(InferenceServerException, match="API key"):
        triton_client.get_server_metadata()


NONSENSE = [
    ({}, "inputs"),
    ({"inputs": []}, "inputs"),
    ({"inputs": [7]}, "inputs"),
    (document(name="picture"), "inputs"),
    ({"inputs": document()["inputs"] * 2}, "inputs"),
    (document(datatype="UINT8"), "image"),
    (document(shape=[2]), "image"),
    (document(shape=[0], data=[]), "image"),
    (document(shape=[True]), "image"),
    (document(shape="1"), "image"),
    (document(shape=[1, 2]), "image"),
    (document(shape=[IMAGES_AT_MOST + 1]), "image"),
    (document(data="x"), "image"),
    (document(data=["not base64!"]), "image"),
    (document(data=[7]), "image"),
    (document(parameters=[]), "parameters"),
    (document(parameters={"binary_data_size": 12}), "inputs"),
    (document() | {"id": 7}, "id"),
    (document() | {"id": "\ud800"}, "id"),
    (document() | {"outputs": [{"name": "logits"}]}, "outputs"),
    (document() | {"outputs": ["scores"]}, "outputs"),
    (
        document() | {"outputs": [{"name": "label", "parameters": {"classification": 1}}]},
        "classification",
    ),
    (
        document() | {"outputs": [{"name": "scores", "parameters": {"classification": 0}}]},
        "classification",
    ),
    (document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[1, 2]), "raw_image"),
    (document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[1, 2, 256]), "raw"),
    (document(name="raw_image", datatype="UINT8", shape=[1, 1, 1, 3], data=[[1], [2, 3]]), "raw"),
    (document(name="raw_image", datatype="UINT8", shape=[1, 0, 1, 3], data=[]), "raw_image"),
    (document(name="raw_image", datatype="UINT8", shape=[3], data=[1, 2, 3]), "raw_image"),
]


def test_what_makes_no_sense_is_refused_by_name(ask, headers, deployed, version_of):
    deployed(version_of())
    for nonsense, field in NONSENSE:
        sent = headers | {"Content-Type": "application/json"}
        response = ask(json.dumps(nonsense), path=INFER, headers=sent)
        assert field in refusal(response, 422)["error"], nonsense
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
    whole = gzip.compress(json.dumps(document()).encode())
    answer(ask(whole, path=INFER, headers=packed))
    refusal(ask(gzip.compress(b" " * 3_000_000), path=INFER, headers=packed), 413)
    refusal(ask(whole[:-9], path=INFER, headers=packed), 422)
    refusal(ask(whole + b"more", path=INFER, headers=packed), 422)
    refusal(ask(b"no gzip", path=INFER, headers=packed), 422)
    brotli = headers | {"Content-Encoding": "br"}
    refusal(ask(zlib.compress(b"{}"), path=INFER, headers=brotli), 415)
