"""The Open Inference Protocol: tensors in JSON, or as bytes behind it."""

import json
import math
import struct
import zlib

import numpy as np

from serving.bundled.answering import (
    MOST_IMAGES,
    Model,
    Refused,
    as_json,
    bytes_of,
    object_of,
    whole_of,
)

LENGTH = "Inference-Header-Content-Length"
OUTPUTS = ("label", "scores", "prediction_id")


def infer(model: Model, headers, _query: str, body: bytes) -> tuple[bytes, dict]:
    """Tensors in, tensors out: in JSON, or as bytes behind it."""
    if headers.get("Content-Encoding", "identity") in ("gzip", "deflate") and body[:1] != b"{":
        body = zlib.decompress(body, 32 + zlib.MAX_WBITS)
    document, images = _read(headers, body)
    answers = [model.answer(one, "image") for one in images]
    outputs, behind = _outputs(model, document, answers)
    reply = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    reply |= {"id": document["id"]} if document.get("id") is not None else {}
    if not behind:
        return as_json(reply)
    head = json.dumps(reply).encode()
    kind = {"Content-Type": "application/octet-stream", LENGTH: str(len(head))}
    return b"".join([head, *behind]), kind


def _read(headers, body: bytes) -> tuple[dict, list[bytes]]:
    """The JSON and the images; without JSON the whole body is the one image."""
    size = int(headers.get(LENGTH) or 0)
    if headers.get(LENGTH) and not size and body[:1] != b"{":
        return {}, [body]
    is_split = 0 < size < len(body)
    document = object_of(body[:size] if is_split else body)
    return document, _tensor_in(document.get("inputs"), body[size:] if is_split else b"")


def _outputs(model, document, answers) -> tuple[list[dict], list[bytes]]:
    """The tensors that are wanted, and the bytes of those wanted in binary."""
    by_default = (document.get("parameters") or {}).get("binary_data_output") is True
    outputs, behind = [], []
    for wanted in document.get("outputs") or [{"name": name} for name in OUTPUTS]:
        parameters = wanted.get("parameters") or {}
        tensor, data = _tensor_out(model, wanted.get("name"), answers, parameters)
        if parameters.get("binary_data", by_default) is True:
            behind.append(_packed(tensor["datatype"], data))
            tensor["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            tensor["data"] = data
        outputs.append(tensor)
    return outputs, behind


def _tensor_in(inputs, binary: bytes) -> list[bytes]:
    one = inputs[0] if isinstance(inputs, list) and len(inputs) == 1 else {}
    shape, name = one.get("shape") or [0], one.get("name")
    if name not in ("image", "raw_image") or not 1 <= shape[0] <= MOST_IMAGES:
        raise Refused(422, "inputs: Send one input: image (BYTES) or raw_image (UINT8).")
    if name == "raw_image":
        pixels = binary or np.asarray(one.get("data"), np.uint8).tobytes()
        size = math.prod(shape[1:])
        head = b"P6\n%d %d\n255\n" % (shape[2], shape[1])
        return [head + pixels[at : at + size] for at in range(0, len(pixels), size)]
    if binary:
        return _unpacked(binary)
    parts = one.get("data") or []
    flat = [x for part in parts for x in (part if isinstance(part, list) else [part])]
    return [bytes_of(text, "image") for text in flat]


def _unpacked(binary: bytes) -> list[bytes]:
    """Each element stands after its length, 4 bytes, little-endian."""
    images, at = [], 0
    while at < len(binary):
        end = at + 4 + int.from_bytes(binary[at : at + 4], "little")
        images.append(binary[at + 4 : end])
        at = end
    return images


def _tensor_out(model, name, answers, parameters) -> tuple[dict, list]:
    count, classes = len(answers), len(model.classes)
    best = [model.ranked(one["scores"], 1)[0]["label"] for one in answers]
    most = whole_of(parameters.get("classification"), "classification")
    shape, kind = [count], "BYTES"
    if name == "prediction_id":
        data = [one["id"] for one in answers]
    elif name == "label":
        data = best
    elif name == "scores" and most:
        shape = [count, min(most, classes)]
        data = [text for one in answers for text in _classified(model, one["scores"], most)]
    elif name == "scores":
        shape, kind = [count, classes], "FP32"
        data = [score for one in answers for score in one["scores"]]
    else:
        raise Refused(422, f"outputs: Known outputs: {', '.join(OUTPUTS)}.")
    return {"name": name, "datatype": kind, "shape": shape}, data


def _classified(model, scores, most) -> list[str]:
    best = model.ranked(scores, most)
    return [f"{x['score']}:{model.classes.index(x['label'])}:{x['label']}" for x in best]


def _packed(kind: str, data: list) -> bytes:
    if kind == "FP32":
        return np.array(data, np.float32).tobytes()
    encoded = [text.encode() for text in data]
    return b"".join(struct.pack("<I", len(one)) + one for one in encoded)


def described(model: Model) -> dict:
    """What the model takes and gives."""
    tensors = {"label": ("BYTES", [-1]), "scores": ("FP32", [-1, len(model.classes)])}
    tensors["prediction_id"] = ("BYTES", [-1])
    outputs = [{"name": n, "datatype": t, "shape": s} for n, (t, s) in tensors.items()]
    inputs = [{"name": "image", "datatype": "BYTES", "shape": [-1]}]
    inputs.append({"name": "raw_image", "datatype": "UINT8", "shape": [-1, -1, -1, 3]})
    about = {"name": model.name, "versions": [model.version], "platform": "onnxruntime_onnx"}
    return about | {"inputs": inputs, "outputs": outputs}
