"""Long answers in pieces, whichever kind of server asks."""

from collections.abc import Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import StreamingHttpResponse

AT_ONCE_BYTES = 128 * 1024


def streamed(request, pieces: Iterator[bytes], *, content_type: str, filename: str):
    """Answer a download made of `pieces`; each piece should open and close its own transaction."""
    response = StreamingHttpResponse(body_for(request, pieces), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def body_for(request, pieces: Iterator[bytes]):
    """Return `pieces` as the server that asks can take them one by one."""
    # An async server would collect a plain iterator as a whole before it sends the first byte.
    return _one_by_one(pieces) if isinstance(_plain(request), ASGIRequest) else pieces


async def _one_by_one(pieces):
    following = sync_to_async(_following)
    while piece := await following(pieces):
        yield piece


def _following(pieces) -> bytes:
    """The next pieces as one, empty at the end; while it is read it keeps no connection."""
    taken, size = [], 0
    try:
        for piece in pieces:
            taken.append(piece)
            size += len(piece)
            if size >= AT_ONCE_BYTES:  # for small ones a change of threads costs more than they do
                break
    finally:
        close_old_connections()
    return b"".join(taken)


def _plain(request):
    """Django's own request, where REST framework has wrapped it."""
    return getattr(request, "_request", request)
