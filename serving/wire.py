"""How HTTP/1.1 spells addresses and heads."""

from http import HTTPStatus
from urllib.parse import unquote

import httptools

STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def target(url: bytes) -> tuple[str, bytes]:
    """The path, its escapes undone, and the query."""
    if not url.startswith(b"/"):  # as to a proxy: http://host/path
        try:
            parsed = httptools.parse_url(url)
        except httptools.HttpParserInvalidURLError:
            return "", b""
        path, query = parsed.path or b"", parsed.query or b""
    else:
        path, _mark, query = url.partition(b"#")[0].partition(b"?")
    return unquote(path.decode("latin-1")) if b"%" in path else path.decode("latin-1"), query


def head(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The lines of a head. Raises ValueError for a value that would begin a line of its own."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    found = b"".join(lines)
    if found.count(b"\n") != len(lines) or found.count(b"\r") != len(lines):
        raise ValueError("A header's value holds the end of a line.")
    return found + b"\r\n"
