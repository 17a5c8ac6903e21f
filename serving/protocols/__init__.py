"""How clients put a question and read an answer; one module per dialect."""

from typing import Any, NamedTuple

IMAGES_AT_MOST = 32  # in one request; each is a prediction of its own


class Sent(NamedTuple):
    """One image, and what the client calls it."""

    data: bytes
    field: str = "image"


class Question(NamedTuple):
    """What a client asks, whatever the dialect."""

    images: list[Sent]
    top_k: int | None = None  # None: all classes
    reference: str = ""
    form: Any = None  # what the dialect must remember to word its reply
    explain: bool = False  # also say where in the image the answer was seen


class Request(NamedTuple):
    """What arrived: header names are lower case."""

    headers: dict[bytes, bytes]
    query: bytes
    body: bytes


class Reply(NamedTuple):
    """What goes back with status 200."""

    body: bytes
    headers: list[tuple[bytes, bytes]]
