"""How many requests the site works on at once, and what the others are told."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from httpx import ASGITransport, AsyncClient

from lepton import concurrency

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Busy:
    """An application whose every request lasts until `done` is set."""

    def __init__(self):
        self.done, self.at_work = asyncio.Event(), 0

    async def __call__(self, scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        self.at_work += 1
        if not scope["path"].startswith("/livez"):
            await self.done.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def crowded(application):
    """A client, while as many as can be are worked on."""
    transport = ASGITransport(concurrency.LimitConcurrency(application))
    async with (
        AsyncClient(transport=transport, base_url="http://site") as client,
        asyncio.TaskGroup() as group,
    ):
        for _request in range(concurrency.AT_ONCE):
            group.create_task(client.get("/"))
        while application.at_work < concurrency.AT_ONCE:
            await asyncio.sleep(0.01)
        try:
            yield client
        finally:
            application.done.set()


@pytest.mark.parametrize("path", ["/t/acme/", "/api/v1/me"])
async def test_who_waits_too_long_for_a_place_is_told_to_try_again(monkeypatch, path):
    monkeypatch.setattr(concurrency, "PATIENCE_SECONDS", 0.05)
    application = Busy()
    async with crowded(application) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "ry again in a moment" in answer.text
    assert application.at_work == concurrency.AT_ONCE


async def test_who_waits_gets_the_next_place():
    application = Busy()
    async with crowded(application) as client:
        waiting = asyncio.create_task(client.get("/"))
        await asyncio.sleep(0.05)
        assert application.at_work == concurrency.AT_ONCE
        application.done.set()
        assert (await waiting).status_code == 200


async def test_probes_are_answered_while_everybody_else_waits():
    async with crowded(Busy()) as client:
        assert (await client.get("/livez")).status_code == 200


async def test_a_body_that_still_comes_in_holds_no_place():
    application, more = Busy(), asyncio.Event()

    async def body():
        yield b"a"
        await more.wait()
        yield b"b"

    transport = ASGITransport(concurrency.LimitConcurrency(application))
    async with AsyncClient(transport=transport, base_url="http://site") as client:
        slow = [
            asyncio.create_task(client.post("/", content=body()))
            for _request in range(concurrency.AT_ONCE + 1)
        ]
        await asyncio.sleep(0.05)
        application.done.set()
        assert (await client.get("/")).status_code == 200
        more.set()
        assert {(await one).status_code for one in slow} == {200}
