"""HTTP/1.1 as the data plane speaks it: bounded in size and time, each answer written whole.

uvicorn keeps the sockets and the signals. Its own connections lose the body of a request that
offers another protocol, wait for ever for a client that says nothing, and read a head of any
length.
"""

import asyncio
import time
from collections import deque

import httptools
from django.conf import settings
from django.utils.translation import gettext as _

from serving.incoming import Incoming
from serving.refusals import Refused, too_large
from serving.wire import STATUS_LINES, head, target

HEAD_SECONDS = 30.0
SILENT_SECONDS = 75.0  # between two requests; balancers keep theirs for 60, and should part first
HEAD_BYTES_AT_MOST = 65_536
FRAMES = 2  # times the bytes of a body may come: it is sent in chunks with frames around them
UNREAD_BYTES = 262_144  # of a body; the client then waits until somebody reads it
CLOSE = (b"connection", b"close")  # the client's next request finds another process


class Connection(asyncio.Protocol):
    """One client's requests, answered in their order; belongs to the event loop.

    uvicorn makes it for `config.app`, the data plane, and has it in `server_state.connections`.
    """

    def __init__(self, config, server_state, app_state, _loop=None):
        self.plane, self.server = config.app, server_state
        self.loop = _loop or asyncio.get_running_loop()
        self.parser = httptools.HttpRequestParser(self)
        self.transport: asyncio.Transport | None = None
        self.answering: Incoming | None = None
        self.arriving: Incoming | None = None  # its body is still coming
        self.waiting: deque[Incoming] = deque()  # until those before are answered
        self.is_in_head = self.is_clogged = False
        self.is_over = False  # nothing more is read
        self.is_reading = True
        self.begun = self.came_bytes = 0  # requests; what came of the newest
        self.url, self.headers = b"", {}  # of the newest
        self.quiet_since = time.perf_counter()

    # What the transport says

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        begun = self.begun
        self._parse(data)
        if self.begun == begun and (self.is_in_head or self.arriving):
            self.came_bytes += len(data)
            self._refuse_too_much()

    def eof_received(self) -> bool:
        """The client sends no more; whether what it waits for still goes out."""
        self._end()
        return self.answering is not None

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self)
        self._end()
        self.parser = None  # which refers to this

    def pause_writing(self) -> None:
        self.is_clogged = True
        self.regulate()

    def resume_writing(self) -> None:
        self.is_clogged = False
        self.regulate()

    # What the parser finds

    def _parse(self, data: bytes) -> None:
        while data and not self.is_over:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                data = self._declined() + data[offer.args[0] :]
            except httptools.HttpParserError:
                self._give_up(Refused(400, _("This is no HTTP/1.1 that can be understood.")))

    def _declined(self) -> bytes:
        """The head of a request without its offer to go on in another protocol.

        With it the parser takes the body for that protocol. Java's own client offers HTTP/2.
        """
        method = self.parser.get_method()
        self.parser = httptools.HttpRequestParser(self)
        if method == b"CONNECT":
            self._give_up(Refused(405, _("This is no proxy.")))
        close = [CLOSE] if b"close" in self.headers.get(b"connection", b"").lower() else []
        headers = [one for one in self.headers.items() if one[0] not in (b"connection", b"upgrade")]
        return b"%b %b HTTP/1.1\r\n%b" % (method, self.url, head(headers + close))

    def on_message_begin(self) -> None:
        self.url, self.headers = b"", {}
        self.is_in_head, self.came_bytes = True, 0
        self.begun += 1
        self.quiet_since = time.perf_counter()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.is_in_head:  # what comes behind a body is of no use here
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        method, parser = self.parser.get_method().decode("latin-1"), self.parser
        if parser.should_upgrade():
            return  # see _declined
        self.is_in_head = False
        keeps = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        self.arriving = Incoming(self, method, *target(self.url), self.headers, keeps=keeps)
        if self.answering is None:
            self._start(self.arriving)
        else:
            self.waiting.append(self.arriving)
            self.regulate()

    def on_body(self, part: bytes) -> None:
        self.arriving.take(part)
        if self.arriving.unread_bytes > UNREAD_BYTES:
            self.regulate()

    def on_message_complete(self) -> None:
        if self.is_in_head:
            return
        self.is_over = not self.arriving.keeps
        self.arriving.end()
        self.arriving = None

    # What is answered

    def _start(self, incoming: Incoming) -> None:
        self.answering = incoming
        task = self.loop.create_task(self._answer(incoming))
        self.server.tasks.add(task)  # which the end of the process waits for
        task.add_done_callback(self.server.tasks.discard)

    async def _answer(self, incoming: Incoming) -> None:
        try:
            await self._answer_next(incoming)
        except BaseException:  # cancelled, at the process's end: the client sees that none comes
            self.transport.abort()
            raise

    async def _answer_next(self, incoming: Incoming) -> None:
        status, headers, body = await self.plane.answer(incoming)
        incoming.close()
        self.answering, self.quiet_since = None, time.perf_counter()
        is_last = self.is_over and not self.waiting
        keeps = incoming.keeps and not is_last and not self.plane.is_leaving
        self._write(status, headers, body if incoming.method != "HEAD" else b"", len(body), keeps)
        if not keeps:
            self.is_over = True
            self.transport.close()
        elif self.waiting:
            self._start(self.waiting.popleft())
        self.regulate()

    def _write(self, status, headers, body: bytes, length: int, keeps: bool) -> None:
        if self.transport.is_closing():
            return
        all_headers = [*self.server.default_headers, *headers]
        all_headers.append((b"content-length", b"%d" % length))
        if not keeps:
            all_headers.append(CLOSE)
        self.transport.write(STATUS_LINES[status] + head(all_headers) + body)

    def _give_up(self, refused: Refused) -> None:
        """Read no further; say why, unless that would come before an answer that is due."""
        self._end()
        was_answered = self.arriving is not None and self.arriving.is_closed
        if self.answering is None and not was_answered:
            document = refused.document()
            self._write(refused.status, refused.all_headers(), document, len(document), False)
        if self.answering is None:
            self.transport.close()

    def _end(self) -> None:
        self.is_over, self.is_in_head = True, False
        if self.arriving:
            self.arriving.refuse(Refused(400, _("The request ended before its body.")))

    # What time and memory allow

    def _refuse_too_much(self) -> None:
        """Bound what is read of one request, whether or not anybody asks for it."""
        most = settings.LEPTON_MAX_REQUEST_BYTES
        if self.is_in_head and self.came_bytes > HEAD_BYTES_AT_MOST:
            self._give_up(Refused(431, _("The request's headers are too long.")))
        elif self.came_bytes > FRAMES * most:
            self._give_up(too_large(most))

    def regulate(self) -> None:
        """Read on, unless too much came already."""
        if self.transport.is_closing():
            return
        is_full = self.arriving is not None and self.arriving.unread_bytes > UNREAD_BYTES
        reads = not (self.waiting or self.is_clogged or is_full)
        if reads != self.is_reading:
            self.is_reading = reads
            (self.transport.resume_reading if reads else self.transport.pause_reading)()

    def look(self, now: float) -> None:
        """Part from a client that keeps us waiting at `now`, time.perf_counter()."""
        if self.arriving is not None:
            if now > self.arriving.until:
                self._wait_no_longer(self.arriving)
        elif self.answering is None and self.is_in_head:
            if now > self.quiet_since + HEAD_SECONDS:
                self._give_up(too_slow())
        elif self.answering is None and now > self.quiet_since + SILENT_SECONDS:
            self.transport.close()

    def _wait_no_longer(self, incoming: Incoming) -> None:
        if incoming.is_closed:
            self.transport.close()
        else:
            incoming.refuse(too_slow())

    def shutdown(self) -> None:
        """The process is about to end."""
        if self.answering is None:
            self.transport.close()


def too_slow() -> Refused:
    return Refused(408, _("The request took too long to arrive: send it again."))
