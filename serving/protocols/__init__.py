"""How clients put a question and read an answer; one module per dialect."""

from typing import NamedTuple


class Question(NamedTuple):
    """What a client asks, whatever the dialect."""

    data: bytes
    field: str = "image"  # what the client calls the image
    top_k: int | None = None  # None: all classes
    reference: str = ""


class Request(NamedTuple):
    """What arrived: header names are lower case."""

    headers: dict[bytes, bytes]
    query: bytes
    body: bytes
