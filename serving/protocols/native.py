"""Lepton's own dialect: raw bytes, multipart or JSON in; labels with scores and an id out.

Several images in one request get a list of answers.
"""

import python_multipart
from django.utils.translation import gettext as _

from serving.asks import Answer
from serving.loader import Place
from serving.protocols import Question, Reply, Request, Sent, reading
from serving.refusals import Refused, bad_field
from serving.system import Wanted

FIELDS = ("image", "images", "reference", "top_k", "explain")
PARAMETERS = ("reference", "top_k", "explain")


def question(request: Request) -> Question:
    """Read a request. Raises Refused: 415 for a form we do not read, 422 for wrong content."""
    reading.refuse_encoding(request)
    kind, parameters = reading.kind_of(request)
    values = reading.query_of(request, PARAMETERS)
    if kind == b"multipart/form-data":
        values |= _multipart(request)
    elif reading.is_json(kind):
        values |= _json(request.body, parameters)
    else:
        values |= _raw(request.body)
    is_batch = "images" in values
    return Question(
        _batch(values) if is_batch else [_sent(values.get("image", b""), "image")],
        reading.top_k_of(values.get("top_k")),
        reading.reference_of(values.get("reference")),
        is_batch,
        reading.truth_of(values.get("explain"), "explain"),
    )


def _batch(values: dict) -> list[Sent]:
    images = values["images"]
    if not isinstance(images, list) or "image" in values:
        raise bad_field("images", _("must be a list of images, and the only field with any."))
    reading.refuse_count(len(images), "images")
    return [_sent(image, f"images[{number}]") for number, image in enumerate(images)]


def _sent(image, field: str) -> Sent:
    return Sent(reading.image_of(image, field), field)


def reply(answers: list[Answer], asked: Question, wanted: Wanted) -> Reply:
    """Word the answers."""
    documents = [_document(answer, asked, wanted) for answer in answers]
    return reading.as_json(documents if asked.form else documents[0])


def _document(answer: Answer, asked: Question, wanted: Wanted) -> dict:
    ranked, model = answer.ranked(asked.top_k), answer.model
    document = {
        "prediction_id": answer.prediction_id,
        "label": ranked[0]["label"],
        "score": ranked[0]["score"],
        "scores": ranked,
        "model_version": model.version_number,
        "model_version_id": model.version_id,
        "endpoint": wanted.endpoint_slug,
        "latency_ms": answer.latency_ms,
    }
    if asked.explain:
        document["evidence"] = answer.evidence
    if asked.reference:
        document["reference"] = asked.reference
    return document


def describe(place: Place) -> Reply:
    """Word what is known of an endpoint."""
    wanted, model = place
    document = {
        "endpoint": wanted.endpoint_slug,
        "tenant": wanted.tenant_slug,
        "ready": model is not None,
        "in_memory": model is not None and model.in_memory,
        "model_version": model and model.version_number,
        "model_version_id": model and model.version_id,
        "classes": model and model.classes,
        "accepts": ["image/*", "multipart/form-data", "application/json"],
    }
    return reading.as_json(document)


def _raw(body: bytes) -> dict:
    if body[:1] == b"{":
        raise reading.unread(
            _("This looks like JSON: send it with Content-Type: application/json.")
        )
    return {"image": body}


def _json(body: bytes, parameters: bytes) -> dict:
    reading.refuse_charset(parameters)
    values = reading.json_object(body, member="image")
    reading.refuse_unknown(values, FIELDS)
    return {name: value for name, value in values.items() if value is not None}


def _multipart(request: Request) -> dict:
    """The fields of a form; each file is an image, whatever it is called."""
    values, files = {}, []

    def on_field(one):
        values[one.field_name.decode("utf-8", "replace")] = (one.value or b"").decode(
            "utf-8", "replace"
        )

    def on_file(one):
        one.file_object.seek(0)
        files.append((one.field_name, one.file_object.read()))
        one.close()

    try:
        parser = python_multipart.create_form_parser(
            {"Content-Type": request.headers[b"content-type"]},
            on_field,
            on_file,
            config={"MAX_MEMORY_FILE_SIZE": len(request.body) + 1},
        )
        parser.write(request.body)
        parser.finalize()
    except Exception as error:  # a missing boundary and a broken part raise different kinds
        raise Refused(422, _("The multipart body cannot be read: %s.") % error) from None
    reading.refuse_unknown(values, PARAMETERS)
    images = [image for _name, image in files]
    if len(files) > 1 or (files and files[0][0] == b"images"):
        return values | {"images": images}
    return values | ({"image": images[0]} if files else {})
