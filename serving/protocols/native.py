"""Lepton's own dialect: raw bytes, multipart or JSON in; labels with scores and an id out."""

import base64
import binascii
import json
from urllib.parse import parse_qsl

import python_multipart
from django.utils.translation import gettext as _

from serving.batcher import Answer
from serving.loader import Place
from serving.protocols import Question, Request
from serving.refusals import Refused, bad_field

FIELDS = ("image", "reference", "top_k")
PARAMETERS = ("reference", "top_k")
REFERENCE_CHARACTERS = 200


def question(request: Request) -> Question:
    """Read a request. Raises Refused: 415 for a form we do not read, 422 for wrong content."""
    encoding = request.headers.get(b"content-encoding", b"identity").decode("latin-1").strip()
    if encoding.lower() not in ("identity", ""):
        raise _unread(_("Content-Encoding %s is not read here: send the body as it is.") % encoding)
    kind, _semicolon, rest = request.headers.get(b"content-type", b"").partition(b";")
    kind = kind.strip().lower()
    values = _parameters(request.query)
    if kind == b"multipart/form-data":
        values |= _multipart(request)
    elif kind == b"application/json" or kind.endswith(b"+json"):
        values |= _json(request.body, rest)
    else:
        values |= _raw(request.body)
    return Question(
        _image(values), "image", _top_k(values.get("top_k")), _reference(values.get("reference"))
    )


def reply(answer: Answer, asked: Question, endpoint: str) -> bytes:
    """Word an answer."""
    ranked, model = answer.ranked(asked.top_k), answer.model
    document = {
        "prediction_id": str(answer.prediction_id),
        "label": ranked[0]["label"],
        "score": ranked[0]["score"],
        "scores": ranked,
        "model_version": model.version_number,
        "model_version_id": str(model.version_id),
        "endpoint": endpoint,
        "latency_ms": answer.latency_ms,
    }
    if asked.reference:
        document["reference"] = asked.reference
    return json.dumps(document).encode() + b"\n"  # for those who read it in a terminal


def describe(place: Place) -> bytes:
    """Word what is known of an endpoint."""
    wanted, model = place
    document = {
        "endpoint": wanted.endpoint_slug,
        "tenant": wanted.tenant_slug,
        "ready": model is not None,
        "model_version": model and model.version_number,
        "model_version_id": model and str(model.version_id),
        "classes": model and model.classes,
        "accepts": ["image/*", "multipart/form-data", "application/json"],
    }
    return json.dumps(document).encode() + b"\n"


def _parameters(query: bytes) -> dict:
    values = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    _refuse_unknown(values, PARAMETERS)
    return values


def _raw(body: bytes) -> dict:
    if body[:1] == b"{":
        raise _unread(_("This looks like JSON: send it with Content-Type: application/json."))
    return {"image": body}


def _json(body: bytes, parameters: bytes) -> dict:
    charset = parameters.decode("latin-1").lower().partition("charset=")[2].strip(' "')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise _unread(_("JSON is read in UTF-8 only, not in %s.") % charset)
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(422, _("The body is not valid JSON: %s.") % error) from None
    if not isinstance(values, dict):
        raise Refused(422, _("The body must be a JSON object with the member “image”."))
    _refuse_unknown(values, FIELDS)
    return {name: value for name, value in values.items() if value is not None}


def _multipart(request: Request) -> dict:
    """The fields of a form; the first file is the image, whatever it is called."""
    values, files = {}, []

    def on_field(one):
        values[one.field_name.decode("utf-8", "replace")] = (one.value or b"").decode(
            "utf-8", "replace"
        )

    def on_file(one):
        one.file_object.seek(0)
        files.append(one.file_object.read())
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
    _refuse_unknown(values, PARAMETERS)
    return values | ({"image": files[0]} if files else {})


def _image(values: dict) -> bytes:
    image = values.get("image", b"")
    if isinstance(image, str):
        image = _base64(image)
    if not isinstance(image, bytes):
        raise bad_field("image", _("must be the image in base64, as a string."))
    if not image:
        raise bad_field("image", _("There is no image: send its bytes."))
    return image


def _base64(text: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise bad_field("image", _("This is not valid base64.")) from None


def _top_k(value) -> int | None:
    if value is None:
        return None
    text = str(value)
    is_number = text.isascii() and text.isdigit() and not isinstance(value, bool)
    if not is_number or int(text[:9]) < 1:
        raise bad_field("top_k", _("must be a whole number from 1 up."))
    return int(text[:9])


def _reference(value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > REFERENCE_CHARACTERS or "\0" in value:
        limit = REFERENCE_CHARACTERS
        raise bad_field("reference", _("must be text of at most %s characters.") % limit)
    return value


def _refuse_unknown(values: dict, known: tuple) -> None:
    unknown = sorted(set(values) - set(known))
    if unknown:
        message = _("Unknown field. Known fields: %s.") % ", ".join(known)
        names = ", ".join(unknown)[:200]
        fields = {name[:80]: [message] for name in unknown[:20]}
        raise Refused(422, f"{names}: {message}", fields=fields)


def _unread(error: str) -> Refused:
    return Refused(415, error)
