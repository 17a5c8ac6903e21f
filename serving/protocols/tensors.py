"""The tensors of the Open Inference Protocol: as JSON, and as bytes behind the JSON."""

import math
import struct
import zlib

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _

from serving.protocols import IMAGES_AT_MOST, Request, Sent, reading
from serving.refusals import Refused, bad_field, too_large

LONGEST = 1_000_000_000  # of one dimension, whatever is in it
BOTH_FORMATS = 32 + zlib.MAX_WBITS  # zlib finds out itself whether it is gzip or deflate


def inflated(request: Request) -> Request:
    """The request with its body as it was before compression. Raises Refused: 413, 415, 422."""
    encoding = request.headers.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity") or request.body[:1] == b"{":  # or the header is stale
        return request
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        name = encoding.decode("latin-1")
        raise reading.unread(_("Content-Encoding %s is not read here: gzip or deflate is.") % name)
    most, machine = settings.LEPTON_MAX_REQUEST_BYTES, zlib.decompressobj(BOTH_FORMATS)
    try:
        body = machine.decompress(request.body, most + 1)
    except zlib.error as error:
        raise Refused(422, _("The body cannot be decompressed: %s.") % error) from None
    if len(body) > most:
        raise too_large(most)
    if not machine.eof or machine.unused_data:
        raise Refused(422, _("The compressed body is cut short, or something follows it."))
    return request._replace(body=body)


def encoded_images(tensor: dict, data: bytes | None) -> list[Sent]:
    """Images as files: BYTES [n] or [n, 1]; in JSON as base64. Raises Refused (422)."""
    shape = _shape(tensor, "BYTES")
    if len(shape) not in (1, 2) or shape[1:] not in ([], [1]):
        raise bad_field("image", _("The shape must be [n] or [n, 1], with n images."))
    reading.refuse_count(shape[0], "image")
    elements = _flat(tensor.get("data")) if data is None else unpack(data)
    if len(elements) != shape[0]:
        values = {"shape": shape[0], "data": len(elements)}
        message = _("The shape speaks of %(shape)s image(s), the data of %(data)s.") % values
        raise bad_field("image", message)
    names = [_name("image", number, shape[0]) for number in range(shape[0])]
    pairs = zip(elements, names, strict=True)
    return [Sent(reading.image_of(element, name), name) for element, name in pairs]


def raw_images(tensor: dict, data: bytes | None) -> list[Sent]:
    """Images as pixels: UINT8 [n, height, width, 3]. Raises Refused (422)."""
    shape = _shape(tensor, "UINT8")
    if len(shape) != 4 or shape[3] != 3 or 0 in shape:
        raise bad_field("raw_image", _("The shape must be [n, height, width, 3]."))
    reading.refuse_count(shape[0], "raw_image")
    pixels = _pixels(tensor.get("data")) if data is None else data
    if len(pixels) != math.prod(shape):
        values = {"shape": math.prod(shape), "data": len(pixels)}
        message = _("The shape speaks of %(shape)s bytes, the data of %(data)s.") % values
        raise bad_field("raw_image", message)
    # With a few letters before its pixels each is a file like any other (a portable pixmap).
    head, size = b"P6\n%d %d\n255\n" % (shape[2], shape[1]), math.prod(shape[1:])
    files = [head + pixels[at : at + size] for at in range(0, len(pixels), size)]
    return [Sent(one, _name("raw_image", n, len(files))) for n, one in enumerate(files)]


def pack(elements: list[str]) -> bytes:
    """Texts as the data of a BYTES tensor."""
    encoded = [element.encode() for element in elements]
    return b"".join(struct.pack("<I", len(one)) + one for one in encoded)


def unpack(data: bytes) -> list[bytes]:
    """The elements of a BYTES tensor, each after its length. Raises Refused (422)."""
    elements, at = [], 0
    while at < len(data) and len(elements) <= IMAGES_AT_MOST:
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if end > len(data) or at + 4 > len(data):
            message = _("The binary data ends within an element: each has 4 bytes of length first.")
            raise bad_field("image", message)
        elements.append(data[at + 4 : end])
        at = end
    return elements


def _name(field: str, number: int, count: int) -> str:
    return field if count == 1 else f"{field}[{number}]"


def _shape(tensor: dict, datatype: str) -> list[int]:
    shape, name = tensor.get("shape"), tensor["name"]
    if tensor.get("datatype") != datatype:
        raise bad_field(name, _("The datatype must be %s.") % datatype)
    is_list = isinstance(shape, list)
    if not is_list or not all(type(one) is int and 0 <= one <= LONGEST for one in shape):
        raise bad_field(name, _("The shape must be a list of whole numbers."))
    return shape


def _flat(data) -> list:
    """The data of a tensor in JSON may be nested as its shape is."""
    if not isinstance(data, list):
        raise bad_field("image", _("There is no data: send a list of images in base64."))
    return [part for one in data for part in (one if isinstance(one, list) else [one])]


def _pixels(data) -> bytes:
    try:
        numbers = np.asarray(data)
    except ValueError:
        numbers = np.empty(0)
    if numbers.dtype.kind not in "iu" or numbers.size == 0:
        raise bad_field("raw_image", _("There is no data: send whole numbers from 0 to 255."))
    if numbers.min() < 0 or numbers.max() > 255:
        raise bad_field("raw_image", _("The data must be whole numbers from 0 to 255."))
    return numbers.astype(np.uint8).tobytes()
