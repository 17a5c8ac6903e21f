"""How many requests the web process works on at once, each with a connection to the database."""

import asyncio
from contextlib import AsyncExitStack

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from lepton import errors
from lepton.health import PROBES

AT_ONCE = 40  # beside workers and data planes: PostgreSQL allows 100 connections as it comes
PATIENCE_SECONDS = 20


class LimitConcurrency:
    """ASGI middleware: a request is at work from the end of its body to the start of its answer.

    So neither a slow upload nor a slow download keeps anything from the others. Who waits longer
    than PATIENCE_SECONDS for a place is answered 503.
    """

    def __init__(self, application):
        self.application = application
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.application(scope, receive, send)
            return
        async with AsyncExitStack() as place:

            async def receive_then_wait():
                message = await receive()
                if message["type"] == "http.request" and not message.get("more_body"):
                    await self._take(place)
                return message

            async def leave_then_send(message):
                if message["type"] == "http.response.start":
                    await sync_to_async(close_old_connections)()  # in the thread of the request
                    await place.aclose()
                await send(message)

            try:
                await self.application(scope, receive_then_wait, leave_then_send)
            except _NoPlace:
                await _refuse(scope["path"], send)

    async def _take(self, place):
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await place.enter_async_context(self._places)
        except TimeoutError:
            raise _NoPlace from None


class _NoPlace(Exception):
    pass


async def _refuse(path, send):
    response = errors.unavailable(path)
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.content})
