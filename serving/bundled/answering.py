"""One image in, one answer out; and what both dialects read alike."""

import base64
import binascii
import json
import time
import uuid
from pathlib import Path

import numpy as np
import onnxruntime

from training.engine.preprocess import UnreadableImage, evaluation_input

MOST_IMAGES = 32


class Refused(Exception):
    """Ends a request with a status and a sentence."""

    def __init__(self, status: int, error: str):
        super().__init__(error)
        self.status = status


class Model:
    """The graph, its classes, and how an image becomes its input."""

    def __init__(self, folder: Path):
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        self.about = json.loads((folder / "bundle.json").read_text("utf-8"))
        self.name, self.version = self.about["endpoint"], str(self.about["model_version"])
        self.classes = meta["classes"]
        size = meta["preprocessing"]
        self.size = {"resize": size["resize_short_side"], "crop": size["centre_crop"]}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=providers
        )

    def answer(self, data: bytes, field: str, *, explain: bool = False) -> dict:
        """Answer for one image: scores in the order of the classes, evidence where asked for."""
        began = time.perf_counter()
        try:
            image = evaluation_input(data, **self.size)[None]
        except UnreadableImage as error:
            raise Refused(422, f"{field}: {error.reason}") from None
        scores = self.session.run(["probabilities"], {"images": image})[0][0].tolist()
        evidence = self._evidence(image, int(np.argmax(scores))) if explain else None
        took = round((time.perf_counter() - began) * 1000, 2)
        return {"id": str(uuid.uuid4()), "scores": scores, "evidence": evidence, "ms": took}

    def ranked(self, scores: list[float], most: int | None = None) -> list[dict]:
        """The classes with their scores, best first."""
        best = sorted(zip(self.classes, scores, strict=True), key=lambda pair: -pair[1])
        return [{"label": label, "score": score} for label, score in best[:most]]

    def _evidence(self, image, place: int):
        if all(output.name != "evidence" for output in self.session.get_outputs()):
            return None
        found = self.session.run(["evidence"], {"images": image})[0][0]
        found = np.maximum(found[place] - found.mean(0), 0)
        return (found / max(float(found.max()), 1e-9)).round(3).tolist()


def as_json(document) -> tuple[bytes, dict]:
    """A reply's body and headers."""
    return json.dumps(document).encode() + b"\n", {"Content-Type": "application/json"}


def object_of(body: bytes) -> dict:
    """Read a JSON object. Raises Refused."""
    document = json.loads(body)
    if not isinstance(document, dict):
        raise Refused(422, "The body must be a JSON object.")
    return document


def bytes_of(value, field: str) -> bytes:
    """An image as bytes, or in base64, also as a data: URL. Raises Refused."""
    if isinstance(value, str):
        text = value.partition(",")[2] if value.startswith("data:") else value
        try:
            value = base64.b64decode(text, validate=True)
        except binascii.Error:
            raise Refused(422, f"{field}: This is not valid base64.") from None
    if not isinstance(value, bytes) or not value:
        raise Refused(422, f"{field}: There is no image: send its bytes.")
    return value


def whole_of(value, field: str) -> int | None:
    """A whole number from 1 up, or None. Raises Refused."""
    if value is None:
        return None
    if not str(value).isdecimal() or int(value) < 1:
        raise Refused(422, f"{field}: must be a whole number from 1 up.")
    return int(value)
