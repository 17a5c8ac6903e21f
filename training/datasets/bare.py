"""JPEG and PNG files stripped to their pixels: metadata goes, not one pixel changes."""

import re

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # without a thumbnail
NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # after entropy-coded data
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive; Huffman-coded
OTHER_FRAMES = (0xC3, *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
PNG_MATTERS = (b"tRNS", b"acTL", b"eXIf")  # transparency, animation, rotation


def bare_jpeg(data: bytes) -> bytes | None:
    """Return a JPEG without metadata and trailing bytes, or None if it must be encoded anew.

    Kept as it is: 8-bit grey or three-colour JPEG, with the two markers that tell its colours.
    """
    try:
        return _walk_jpeg(data)
    except IndexError:
        return None


def _walk_jpeg(data):
    parts, at = [SOI], 2
    while True:
        if data[at] != 0xFF:
            return None
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        if marker == 0xD9:
            return b"".join([*parts, EOI])
        end = at + 1 + int.from_bytes(data[at + 1 : at + 3])
        body = data[at + 3 : end]
        kept = _jpeg_segment(marker, body)
        if kept is None or end <= at + 2:
            return None
        parts.append(kept)
        at = end
        if marker == 0xDA:
            following = NEXT_MARKER.search(data, at)
            if following is None:
                return None
            parts.append(data[at : following.start()])
            at = following.start()


def _jpeg_segment(marker, body) -> bytes | None:
    """What to write for a segment: itself, nothing (metadata), or None (encode anew)."""
    if marker in OTHER_FRAMES or (marker in FRAMES and (body[0] != 8 or body[5] not in (1, 3))):
        return None
    if marker == 0xE0:
        return JFIF if body.startswith(b"JFIF\0") else b""
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) != 12:
        return None
    if 0xE1 <= marker <= 0xEF and not (marker == 0xEE and body.startswith(b"Adobe")):
        return b""
    if marker == 0xFE:
        return b""
    return b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2) + body


def bare_png(data: bytes) -> bytes | None:
    """Return a PNG without metadata and trailing bytes, or None if it must be encoded anew.

    Kept as it is: 8 bits or fewer a channel, without transparency, animation or rotation.
    """
    parts, at = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while at + 8 <= len(data):
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if name in PNG_MATTERS or end > len(data):
            return None
        if name == b"IHDR" and (data[at + 16] > 8 or data[at + 17] not in (0, 2, 3)):
            return None
        if name in PNG_KEPT:
            parts.append(data[at:end])
        if name == b"IEND":
            return b"".join(parts)
        at = end
    return None
