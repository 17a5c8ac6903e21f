"""What the dialects read alike: JSON, base64, references, how many classes are wanted."""

import base64
import binascii
import json
from urllib.parse import parse_qsl

import orjson
from django.utils.translation import gettext as _

from serving.protocols import IMAGES_AT_MOST, Reply, Request
from serving.refusals import Refused, bad_field

REFERENCE_CHARACTERS = 200


def kind_of(request: Request) -> tuple[bytes, bytes]:
    """The media type in lower case, and its parameters."""
    kind, _semicolon, parameters = request.headers.get(b"content-type", b"").partition(b";")
    return kind.strip().lower(), parameters


def is_json(kind: bytes) -> bool:
    return kind == b"application/json" or kind.endswith(b"+json")


def refuse_encoding(request: Request) -> None:
    """Raise Refused (415) for a compressed body."""
    encoding = request.headers.get(b"content-encoding", b"identity").decode("latin-1").strip()
    if encoding.lower() not in ("identity", ""):
        raise unread(_("Content-Encoding %s is not read here: send the body as it is.") % encoding)


def refuse_charset(parameters: bytes) -> None:
    """Raise Refused (415) for JSON in anything but UTF-8."""
    charset = parameters.decode("latin-1").lower().partition("charset=")[2].strip(' "')
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise unread(_("JSON is read in UTF-8 only, not in %s.") % charset)


def json_object(body: bytes, *, member: str) -> dict:
    """Read an object that should have `member`. Raises Refused (422)."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(422, _("The body is not valid JSON: %s.") % error) from None
    if not isinstance(values, dict):
        raise Refused(422, _("The body must be a JSON object with the member “%s”.") % member)
    return values


def query_of(request: Request, known: tuple) -> dict:
    """The parameters in the address. Raises Refused (422) for unknown ones."""
    if not request.query:
        return {}
    values = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
    refuse_unknown(values, known)
    return values


def image_of(value, field: str) -> bytes:
    """An image as bytes, or as base64 text, also as a data: URL. Raises Refused (422)."""
    if isinstance(value, str):
        value = _base64(value, field)
    if not isinstance(value, bytes):
        raise bad_field(field, _("must be the image in base64, as a string."))
    if not value:
        raise bad_field(field, _("There is no image: send its bytes."))
    return value


def _base64(text: str, field: str) -> bytes:
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise bad_field(field, _("This is not valid base64.")) from None


def refuse_count(count: int, field: str) -> None:
    """Raise Refused (422) for a batch of no image or of too many."""
    if not 1 <= count <= IMAGES_AT_MOST:
        raise bad_field(field, _("Send from 1 to %s images at once.") % IMAGES_AT_MOST)


def top_k_of(value, field: str = "top_k") -> int | None:
    """How many classes are wanted; None for all. Raises Refused (422)."""
    if value is None:
        return None
    text = str(value)
    is_number = text.isascii() and text.isdigit() and not isinstance(value, bool)
    if not is_number or int(text[:9]) < 1:
        raise bad_field(field, _("must be a whole number from 1 up."))
    return int(text[:9])


def truth_of(value, field: str) -> bool:
    """A yes or no: true, false, 1, 0, or nothing for no. Raises Refused (422)."""
    known = {"true": True, "1": True, "false": False, "0": False, "": False, "none": False}
    text = str(value).lower()
    if text not in known:
        raise bad_field(field, _("must be true or false."))
    return known[text]


def reference_of(value, field: str = "reference") -> str:
    """The client's own name for what it asks; may be empty. Raises Refused (422)."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > REFERENCE_CHARACTERS or not can_be_stored(value):
        limit = REFERENCE_CHARACTERS
        raise bad_field(field, _("must be text of at most %s characters.") % limit)
    return value


def can_be_stored(text: str) -> bool:
    """JSON can spell what is no text: PostgreSQL takes neither NUL nor half a character."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def refuse_unknown(values: dict, known: tuple) -> None:
    """Raise Refused (422) that names every field we do not know."""
    unknown = sorted(set(values) - set(known))
    if unknown:
        message = _("Unknown field. Known fields: %s.") % ", ".join(known)
        names = ", ".join(unknown)[:200]
        fields = {name[:80]: [message] for name in unknown[:20]}
        raise Refused(422, f"{names}: {message}", fields=fields)


def unread(error: str) -> Refused:
    """415: a form of body that is not read here."""
    return Refused(415, error)


def as_json(document) -> Reply:
    """A reply in JSON, with a line's end for those who read it in a terminal."""
    kind = [(b"content-type", b"application/json")]
    return Reply(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE), kind)
