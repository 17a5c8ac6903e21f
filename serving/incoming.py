"""A request as it comes in: its head is here, its body may still be on its way."""

import asyncio
import time

from serving.refusals import Refused

BODY_SECONDS = 120.0  # unless the request's own deadline is sooner
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Incoming:
    """Belongs to the event loop; header names are lower case."""

    def __init__(self, connection, method: str, path: str, query: bytes, headers, *, keeps: bool):
        self.method, self.path, self.query, self.headers = method, path, query, headers
        self.keeps = keeps  # the connection, for the next request
        self.began = time.perf_counter()
        self.until = self.began + BODY_SECONDS  # when nobody waits for its body any more
        self.unread_bytes = 0
        self.is_closed = False
        self._connection = connection
        self._parts: list[bytes] = []
        self._has_ended = False
        self._refused: Refused | None = None
        self._reader: asyncio.Future | None = None
        self._says_continue = headers.get(b"expect", b"").lower() == b"100-continue"

    async def part(self) -> bytes:
        """Return what came of the body since the last time, b"" at its end. Raises Refused (400,
        408) when the rest will not come."""
        if not (self._parts or self._has_ended or self._refused):
            self._ask_for_more()
            self._reader = self._connection.loop.create_future()
            await self._reader
        if self._refused:
            raise self._refused
        parts, self._parts, self.unread_bytes = self._parts, [], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, part: bytes) -> None:
        """Another part has come; nobody asks for it once the request was answered."""
        if not self.is_closed:
            self._parts.append(part)
            self.unread_bytes += len(part)
            self._wake()

    def end(self) -> None:
        """All of the body has come."""
        self._has_ended = True
        self._wake()

    def refuse(self, refused: Refused) -> None:
        """The rest of the body will not come."""
        self._refused, self.keeps = refused, False
        self._wake()

    def close(self) -> None:
        """It was answered; a client that still waits to be asked for its body may never send it."""
        self.is_closed, self._parts, self.unread_bytes = True, [], 0
        if self._says_continue and not self._has_ended:
            self.keeps = False

    def _ask_for_more(self) -> None:
        if self._says_continue:
            self._says_continue = False
            self._connection.transport.write(CONTINUE)
        self._connection.regulate()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
