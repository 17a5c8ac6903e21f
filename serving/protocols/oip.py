"""The Open Inference Protocol, version 2 (KServe, Triton), in JSON and with binary tensors.

The model's name is the endpoint's slug; its only version is the one that answers.
"""

import json
from typing import NamedTuple

import numpy as np
import orjson
from django.utils.translation import gettext as _

from serving.asks import Answer
from serving.loader import Place
from serving.protocols import Question, Reply, Request, Sent, reading, tensors
from serving.refusals import bad_field, not_answering
from serving.system import Wanted

VERSION = "1.0"
INPUTS = {"image": tensors.encoded_images, "raw_image": tensors.raw_images}
OUTPUTS = ("label", "scores", "prediction_id")
LENGTH = b"inference-header-content-length"
BINARY = [(b"content-type", b"application/octet-stream")]


class Output(NamedTuple):
    """A tensor the client wants, and how; `classes` > 0 asks for that many named scores."""

    name: str
    is_binary: bool
    classes: int


class Form(NamedTuple):
    """What a reply repeats or obeys."""

    id: str | None
    outputs: list[Output]


def question(request: Request) -> Question:
    """Read an inference request. Raises Refused: 413, 415, 422."""
    request = tensors.inflated(request)
    document, binary = _split(request)
    if document is None:
        images = [Sent(reading.image_of(binary, "image"))]
        return Question(images, form=Form(None, _outputs({})))
    reference = reading.reference_of(document.get("id"), "id")
    form = Form(document.get("id"), _outputs(document))
    return Question(_images(document, binary), None, reference, form)


def _split(request: Request) -> tuple[dict | None, bytes]:
    """The JSON and the bytes behind it; no JSON where the whole body is the one tensor."""
    body, length = request.body, request.headers.get(LENGTH, b"").strip()
    if length and not length.isdigit():
        raise bad_field("Inference-Header-Content-Length", _("must be a whole number."))
    size = int(length[:12] or 0)
    if length and size == 0 and body[:1] != b"{":
        return None, body
    if 0 < size < len(body):
        try:
            document = json.loads(body[:size])
        except (ValueError, RecursionError):
            document = None  # the length is left over from an earlier call of this client
        if isinstance(document, dict):
            return document, body[size:]
    return reading.json_object(body, member="inputs"), b""


def _images(document: dict, binary: bytes) -> list[Sent]:
    inputs = document.get("inputs")
    names = [one.get("name") for one in inputs] if _is_list_of_objects(inputs) else []
    if names not in [[name] for name in INPUTS]:
        raise bad_field("inputs", _("Send one input: image (BYTES) or raw_image (UINT8)."))
    size = _parameters(inputs[0]).get("binary_data_size")
    if size is not None and type(size) is not int:
        raise bad_field("inputs", _("binary_data_size must be a whole number."))
    if size is not None and size != len(binary):
        values = {"said": size, "there": len(binary)}
        message = _("binary_data_size says %(said)s; behind the JSON are %(there)s bytes.") % values
        raise bad_field("inputs", message)
    if size is None and binary:
        raise bad_field("inputs", _("There are bytes behind the JSON, but no binary_data_size."))
    return INPUTS[inputs[0]["name"]](inputs[0], None if size is None else binary)


def _outputs(document: dict) -> list[Output]:
    wanted = document.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not _is_list_of_objects(wanted) or len(wanted) > len(OUTPUTS):
        raise bad_field("outputs", _("must be a list of objects, each with another name."))
    by_default = _parameters(document).get("binary_data_output") is True
    return [_output(one, by_default) for one in wanted]


def _output(wanted: dict, is_binary_by_default: bool) -> Output:
    name, parameters = wanted.get("name"), _parameters(wanted)
    if name not in OUTPUTS:
        raise bad_field("outputs", _("Known outputs: %s.") % ", ".join(OUTPUTS))
    classes = 0
    if parameters.get("classification") is not None:
        classes = reading.top_k_of(parameters["classification"], "classification")
        if name != "scores":
            raise bad_field("classification", _("Ask for it with the output “scores”."))
    return Output(name, parameters.get("binary_data", is_binary_by_default) is True, classes)


def _parameters(part: dict) -> dict:
    parameters = part.get("parameters")
    if not isinstance(parameters, dict | None):
        raise bad_field("parameters", _("must be an object."))
    return parameters or {}


def _is_list_of_objects(value) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def reply(answers: list[Answer], asked: Question, wanted: Wanted) -> Reply:
    """Word the answers: JSON, and behind it the tensors that were asked for in binary."""
    outputs, binary = [], []
    for output in asked.form.outputs:
        tensor, data = _tensor(output, answers)
        if output.is_binary:
            binary.append(_packed(tensor["datatype"], data))
            tensor["parameters"] = {"binary_data_size": len(binary[-1])}
        else:
            tensor["data"] = data
        outputs.append(tensor)
    version = str(answers[0].model.version_number)
    document = {"model_name": wanted.endpoint_slug, "model_version": version, "outputs": outputs}
    if asked.form.id is not None:
        document["id"] = asked.form.id
    if not binary:
        return reading.as_json(document)
    head = orjson.dumps(document)
    return Reply(b"".join([head, *binary]), [*BINARY, (LENGTH, str(len(head)).encode())])


def _tensor(output: Output, answers: list[Answer]) -> tuple[dict, list]:
    count, classes = len(answers), len(answers[0].scores)
    if output.name == "prediction_id":
        shape, datatype = [count], "BYTES"
        data = [str(answer.prediction_id) for answer in answers]
    elif output.name == "label":
        shape, datatype = [count], "BYTES"
        data = [answer.ranked(1)[0]["label"] for answer in answers]
    elif output.classes:
        shape, datatype = [count, min(output.classes, classes)], "BYTES"
        data = [text for answer in answers for text in _classified(answer, output.classes)]
    else:
        shape, datatype = [count, classes], "FP32"
        data = [score for answer in answers for score in answer.scores]
    return {"name": output.name, "datatype": datatype, "shape": shape}, data


def _classified(answer: Answer, most: int) -> list[str]:
    """“score:number of the class:label” for the best classes, best first."""
    numbers = {label: number for number, label in enumerate(answer.model.classes)}
    best = answer.ranked(most)
    return [f"{one['score']}:{numbers[one['label']]}:{one['label']}" for one in best]


def _packed(datatype: str, data: list) -> bytes:
    return tensors.pack(data) if datatype == "BYTES" else np.asarray(data, "<f4").tobytes()


def server(_place: Place) -> Reply:
    """Word what speaks here."""
    extensions = ["classification", "binary_tensor_data"]
    return reading.as_json({"name": "lepton", "version": VERSION, "extensions": extensions})


def live(_place: Place) -> Reply:
    """Say that the server is there."""
    return reading.as_json({"live": True})


def ready(place: Place) -> Reply:
    """Say that a model answers. Raises Refused (503)."""
    if place.model is None:
        raise not_answering(place)
    return reading.as_json({"ready": True})


def describe(place: Place) -> Reply:
    """Word what the model takes and gives; `classes` name the scores in their order."""
    wanted, model = place
    classes = model.classes if model else []
    scores = {"name": "scores", "datatype": "FP32", "shape": [-1, len(classes) or -1]}
    document = {
        "name": wanted.endpoint_slug,
        "versions": [str(model.version_number)] if model else [],
        "platform": model.platform if model else "",
        "inputs": [{"name": "image", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            scores | {"parameters": {"classes": classes}},
            {"name": "prediction_id", "datatype": "BYTES", "shape": [-1]},
        ],
    }
    return reading.as_json(document)
