"""HTTP/1.1 at the data plane's connections: what a client may do to them, and what it may not."""

import asyncio
import json
import time
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest
import uvloop

from serving import connection as connections
from serving import incoming
from serving.connection import Connection
from serving.refusals import Refused
from serving.wire import head, target

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo:
    """A data plane that says what it was sent; `/slow` waits first, `/no` reads no body."""

    def __init__(self):
        self.is_leaving, self.seen, self.waits = False, [], 0.05
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def answer(self, incoming):
        self.seen.append(incoming)
        if incoming.path == "/no":
            return 401, [(b"x-why", b"no key")], b"no"
        if incoming.path == "/slow":
            await asyncio.sleep(self.waits)
        incoming.until = incoming.began + float(incoming.headers.get(b"x-request-timeout", 60))
        await self.may_read.wait()
        body = b""
        try:
            while part := await incoming.part():
                body += part
        except Refused as refused:
            return refused.status, refused.all_headers(), refused.document()
        said = [incoming.method, incoming.path, incoming.query.decode(), len(body)]
        return 200, [(b"content-type", b"application/json")], json.dumps(said).encode()


@asynccontextmanager
async def listening(plane=None):
    """A server of such connections, and one client of it."""
    plane = plane or Echo()
    state = SimpleNamespace(connections=set(), tasks=set(), default_headers=[(b"date", b"today")])
    config = SimpleNamespace(app=plane)

    def connect():
        return Connection(config=config, server_state=state, app_state={})

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield SimpleNamespace(
            plane=plane, state=state, reader=reader, writer=writer, address=address
        )
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        server.close()


async def answer(client):
    """The next answer: status, headers, body."""
    lines = (await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 10)).split(b"\r\n")[:-2]
    headers = dict(line.lower().split(b": ", 1) for line in lines[1:])
    body = await client.reader.readexactly(int(headers[b"content-length"]))
    return int(lines[0].split()[1]), headers, body


async def is_closed(client):
    """Whether the server ends the connection, with nothing more to say."""
    return await asyncio.wait_for(client.reader.read(), 10) == b""


async def flood(client, part):
    for _again in range(2_000):
        client.writer.write(part)
        await client.writer.drain()
        await asyncio.sleep(0.001)


def look(client, *, later):
    """What the process does each second, so many seconds from now."""
    for one in list(client.state.connections):
        one.look(time.perf_counter() + later)


def post(body=b"", path=b"/a", *lines):
    headers = b"".join(b"%b\r\n" % line for line in lines)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%b%b\r\n%b" % (path, headers, length, body)


def run(scene):
    """Play a scene on the loop that serves in earnest."""
    uvloop.run(asyncio.wait_for(scene(), 30))


def test_requests_on_one_connection_are_answered_one_after_the_other():
    async def scene():
        async with listening() as client:
            for size in (0, 5, 1_000_000):
                client.writer.write(post(b"x" * size, b"/an%20image?top_k=2"))
                status, headers, body = await answer(client)
                assert (status, json.loads(body)) == (200, ["POST", "/an image", "top_k=2", size])
                assert headers[b"date"] == b"today" and b"connection" not in headers
            assert len(client.state.connections) == 1 and not client.state.tasks

    run(scene)


def test_what_is_sent_ahead_is_answered_in_its_order():
    async def scene():
        async with listening() as client:
            sizes = [5, 300_000, 0, 70_000, 9]
            client.writer.write(b"".join(post(b"x" * size, b"/slow") for size in sizes))
            answered = [json.loads((await answer(client))[2])[3] for _size in sizes]
            assert answered == sizes

    run(scene)


def test_a_body_in_chunks_is_read_whole_and_what_follows_it_is_no_header():
    async def scene():
        async with listening() as client:
            head = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.writer.write(head + b"3\r\nabc\r\n")
            await asyncio.sleep(0.02)
            client.writer.write(b"2;name=value\r\nde\r\n0\r\nAuthorization: Bearer me\r\n\r\n")
            assert json.loads((await answer(client))[2])[3] == 5
            assert b"authorization" not in client.plane.seen[0].headers

    run(scene)


def test_a_client_that_asks_first_is_told_to_go_on():
    async def scene():
        async with listening() as client:
            request = post(b"abc", b"/a", b"Expect: 100-continue")
            client.writer.write(request[:-3])
            assert await client.reader.readuntil(b"\r\n\r\n") == incoming.CONTINUE
            client.writer.write(b"abc")
            assert json.loads((await answer(client))[2])[3] == 3
            client.writer.write(GET)
            assert (await answer(client))[0] == 200

    run(scene)


def test_a_client_that_asks_first_and_is_refused_loses_the_connection():
    """Whether its body follows nobody can know, so what follows cannot be understood."""

    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/no", b"Expect: 100-continue")[:-3])
            status, headers, _body = await answer(client)
            assert (status, headers[b"connection"]) == (401, b"close")
            assert await is_closed(client)

    run(scene)


def test_after_a_refusal_the_rest_of_the_body_is_passed_over():
    async def scene():
        async with listening() as client:
            request = post(b"x" * 2_000_000, b"/no")
            client.writer.write(request[:500])
            assert (await answer(client))[0] == 401
            client.writer.write(request[500:])
            client.writer.write(GET)
            assert (await answer(client))[0] == 200

    run(scene)


@pytest.mark.parametrize(
    "request_line",
    [b"GET /a HTTP/1.0\r\n\r\n", b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
)
def test_a_client_that_wants_one_answer_gets_one(request_line):
    async def scene():
        async with listening() as client:
            client.writer.write(request_line + GET)
            status, headers, _body = await answer(client)
            assert (status, headers[b"connection"]) == (200, b"close")
            assert await is_closed(client)
            assert len(client.plane.seen) == 1

    run(scene)


def test_an_answer_to_head_has_no_body():
    async def scene():
        async with listening() as client:
            client.writer.write(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert b"content-length: %d" % len('["HEAD", "/a", "", 0]') in head
            assert json.loads((await answer(client))[2])[0] == "GET"

    run(scene)


def test_an_offer_to_speak_another_protocol_is_passed_over():
    """Java's client makes one with each request it sends over plain HTTP."""

    async def scene():
        async with listening() as client:
            offer = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: A")
            for _again in range(2):
                client.writer.write(post(b"abc", b"/a", *offer) + GET)
                assert json.loads((await answer(client))[2])[3] == 3
                assert json.loads((await answer(client))[2])[0] == "GET"
            client.writer.write(post(b"abc", b"/a", offer[0] + b", close", *offer[1:]))
            status, headers, body = await answer(client)
            assert (status, json.loads(body)[3], headers[b"connection"]) == (200, 3, b"close")
            assert b"upgrade" not in client.plane.seen[-1].headers

    run(scene)


def test_nobody_is_connected_elsewhere():
    async def scene():
        async with listening() as client:
            client.writer.write(b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n")
            assert (await answer(client))[0] == 405
            assert await is_closed(client)
            assert not client.plane.seen

    run(scene)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_in_the_words_of_every_refusal(garbage):
    async def scene():
        async with listening() as client:
            client.writer.write(garbage)
            status, headers, body = await answer(client)
            assert (status, headers[b"content-type"]) == (400, b"application/problem+json")
            assert "HTTP/1.1" in json.loads(body)["error"]
            assert await is_closed(client)
            assert not client.plane.seen

    run(scene)


def test_garbage_behind_a_request_takes_nothing_from_its_answer():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/slow") + b"garbage\r\n\r\n")
            status, headers, body = await answer(client)
            assert (status, json.loads(body)[3], headers[b"connection"]) == (200, 3, b"close")
            assert await is_closed(client)

    run(scene)


def test_a_broken_chunk_is_refused():
    async def scene():
        async with listening() as client:
            head = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.writer.write(head + b"zz\r\nabc")
            assert (await answer(client))[0] == 400
            assert await is_closed(client)

    run(scene)


def test_a_head_without_end_is_refused():
    async def scene():
        async with listening() as client:
            client.writer.write(b"GET /a HTTP/1.1\r\nHost: x\r\n")
            await asyncio.sleep(0.02)
            client.writer.write(b"X-More: " + b"x" * 70_000)
            status, _headers, body = await answer(client)
            assert (status, json.loads(body)["error"]) == (
                431,
                "The request's headers are too long.",
            )
            assert not client.plane.seen

    run(scene)


def test_no_more_is_read_of_one_request_than_may_be_sent(settings):
    settings.LEPTON_MAX_REQUEST_BYTES = 100_000

    async def scene():
        async with listening() as client:
            head = b"POST /no HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.writer.write(head + b"1\r\na\r\n0\r\nX-Trailer: ")
            assert (await answer(client))[0] == 401
            with pytest.raises(ConnectionError):
                await flood(client, b"x" * 10_000)
            assert not client.state.connections

    run(scene)


def test_a_body_that_nobody_reads_waits_at_the_client():
    async def scene():
        async with listening() as client:
            client.plane.may_read.clear()
            size = 30_000_000
            client.writer.write(post(b"x" * size))
            await asyncio.sleep(0.3)
            [connection] = client.state.connections
            assert not connection.is_reading
            assert connection.arriving.unread_bytes < 2 * connections.UNREAD_BYTES
            client.plane.may_read.set()
            assert json.loads((await answer(client))[2])[3] == size

    run(scene)


def test_a_client_that_reads_no_answers_is_read_no_further():
    async def scene():
        async with listening() as client:
            client.reader._transport.pause_reading()
            client.plane.answer = long_answer
            sent = 0
            with suppress(TimeoutError):
                while sent < 50_000:
                    client.writer.write(GET * 100)
                    await asyncio.wait_for(client.writer.drain(), 1)
                    sent += 100
            [connection] = client.state.connections
            assert connection.is_clogged and not connection.is_reading
            assert connection.transport.get_write_buffer_size() < 10_000_000

    async def long_answer(incoming):
        return 200, [], b"x" * 100_000

    run(scene)


def test_a_silent_client_loses_its_connection():
    async def scene():
        async with listening() as client:
            look(client, later=74)
            client.writer.write(GET)
            assert (await answer(client))[0] == 200  # not yet
            look(client, later=74)
            client.writer.write(GET)
            assert (await answer(client))[0] == 200
            look(client, later=76)
            assert await is_closed(client)

    run(scene)


def test_a_head_that_comes_too_slowly_is_refused_however_often_something_comes():
    async def scene():
        async with listening() as client:
            for part in (b"GET /a HTTP/1.1\r\n", b"Host: x\r\n", b"X-More: y\r\n"):
                client.writer.write(part)
                await asyncio.sleep(0.02)
                look(client, later=15)
            look(client, later=31)
            status, _headers, body = await answer(client)
            assert (status, "too long to arrive" in json.loads(body)["error"]) == (408, True)
            assert await is_closed(client)

    run(scene)


def test_a_body_that_comes_later_than_its_deadline_is_refused():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/a", b"X-Request-Timeout: 5")[:-1])
            await asyncio.sleep(0.05)
            look(client, later=4)
            assert not client.state.tasks.copy().pop().done()
            look(client, later=6)
            status, headers, _body = await answer(client)
            assert (status, headers[b"connection"]) == (408, b"close")
            assert await is_closed(client)

    run(scene)


def test_who_is_being_answered_is_not_silent():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/slow"))
            await asyncio.sleep(0.02)
            look(client, later=500)
            assert (await answer(client))[0] == 200

    run(scene)


def test_a_refused_client_that_goes_on_sending_slowly_loses_its_connection():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"x" * 100, b"/no")[:-50])
            assert (await answer(client))[0] == 401
            look(client, later=incoming.BODY_SECONDS + 1)
            assert await is_closed(client)

    run(scene)


def test_a_client_that_has_said_all_still_gets_its_answer():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/slow"))
            client.writer.write_eof()
            status, _headers, body = await answer(client)
            assert (status, json.loads(body)[3]) == (200, 3)
            assert await is_closed(client)

    run(scene)


@pytest.mark.parametrize("leave", ["write_eof", "close"])
def test_a_client_that_leaves_before_its_body_has_come_is_waited_for_no_longer(leave):
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc")[:-1])
            await asyncio.sleep(0.05)
            getattr(client.writer, leave)()
            for _moment in range(100):
                if not client.state.tasks and not client.state.connections:
                    break
                await asyncio.sleep(0.02)
            assert not client.state.tasks and not client.state.connections

    run(scene)


def test_a_process_that_leaves_says_so_with_its_last_answers():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/slow"))
            await asyncio.sleep(0.02)
            client.plane.is_leaving = True
            for one in list(client.state.connections):
                one.shutdown()
            status, headers, _body = await answer(client)
            assert (status, headers[b"connection"]) == (200, b"close")
            assert await is_closed(client)

    async def nothing_asked():
        async with listening() as client:
            await asyncio.sleep(0.02)
            for one in list(client.state.connections):
                one.shutdown()
            assert await is_closed(client)

    run(scene)
    run(nothing_asked)


def test_an_answer_that_never_comes_ends_the_connection():
    async def scene():
        async with listening() as client:
            client.writer.write(post(b"abc", b"/slow"))
            await asyncio.sleep(0.02)
            [task] = client.state.tasks
            task.cancel()  # as at the end of the process's patience
            assert await is_closed(client)
            assert not client.state.connections

    run(scene)


def test_a_header_never_begins_another():
    assert head([(b"a", b"1"), (b"b", b"2")]) == b"a: 1\r\nb: 2\r\n\r\n"
    for value in (b"1\r\nset-cookie: x", b"1\n", b"\r"):
        with pytest.raises(ValueError, match="end of a line"):
            head([(b"a", value)])


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (b"/v1/a?b=c?d", ("/v1/a", b"b=c?d")),
        (b"/r%C3%A4v/%2F#part", ("/räv//", b"")),
        (b"http://host:8000/v1/a?b", ("/v1/a", b"b")),
        (b"http://host", ("", b"")),
        (b"*", ("*", b"")),
        (b"/%zz", ("/%zz", b"")),
    ],
)
def test_an_address_is_understood(url, found):
    assert target(url) == found
