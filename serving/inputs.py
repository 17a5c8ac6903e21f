"""What clients sent, kept without what it says about them: metadata goes, pixels stay.

A JPEG loses its metadata segments and nothing else; anything else is decoded and written as PNG.
"""

import io
import re
import struct

from PIL import Image

from training.engine.preprocess import ORIENTATION_TAG, decode

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in compressed data 00 and RSTn are no end


def suffix(data: bytes) -> str:
    """The ending of the name under which `without_metadata(data)` is stored."""
    return "jpg" if data[:2] == b"\xff\xd8" else "png"


def without_metadata(data: bytes) -> bytes:
    """Return an image with the same pixels and no metadata. Raises ValueError (UnreadableImage)."""
    if suffix(data) == "jpg":
        return _strip_jpeg(data)
    target = io.BytesIO()
    Image.fromarray(decode(data)).save(target, "PNG", compress_level=1)
    return target.getvalue()


def _strip_jpeg(data: bytes) -> bytes:
    """Keep the segments that make the picture, and of EXIF only which way is up."""
    kept, at, up = [b"\xff\xd8"], 2, _orientation(data)
    if up not in (None, 1):
        kept.append(_orientation_segment(up))
    while at < len(data):
        marker, end = _segment(data, at)
        if marker == EOI:
            break  # what follows (a video, say) is no part of the picture
        if _is_picture(marker, data[at + 4 : at + 16]):
            kept.append(data[at:end])
        at = end
    return b"".join(kept) + b"\xff\xd9"


def _segment(data: bytes, at: int) -> tuple[int, int]:
    """The marker at `at`, and where its segment (with the compressed data after SOS) ends."""
    while data[at : at + 2] == b"\xff\xff":  # fill bytes
        at += 1
    if at + 4 > len(data) or data[at] != 0xFF:
        return EOI, len(data)  # cut short: decoders take the end for granted, so do we
    marker = data[at + 1]
    if marker == EOI:
        return EOI, at + 2
    end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if marker == SOS:
        following = NEXT_MARKER.search(data, end)
        end = following.start() if following else len(data)
    return marker, max(end, at + 4)


def _is_picture(marker: int, head: bytes) -> bool:
    if marker == APP2:
        return head.startswith(b"ICC_PROFILE")  # colours
    if marker in (APP0, APP14):
        return head.startswith((b"JFIF\0", b"Adobe"))  # how colours are coded
    return not (APP1 <= marker <= APP15 or marker == COMMENT)


def _orientation(data: bytes) -> int | None:
    if b"Exif\0\0" not in data[:65536]:
        return None
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.getexif().get(ORIENTATION_TAG)
    except Exception:  # broken EXIF says nothing about which way is up
        return None


def _orientation_segment(orientation: int) -> bytes:
    """An EXIF segment with one entry."""
    entry = struct.pack(">HHIHH", ORIENTATION_TAG, 3, 1, orientation, 0)
    tiff = b"MM\0\x2a" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
