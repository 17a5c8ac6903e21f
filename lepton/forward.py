"""The site passes predictions on to the inference process, so that one address is enough."""

import json
import logging

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from lepton.lib import tracing
from lepton.lib.inference import inference_backend
from lepton.lib.problems import CONTENT_TYPE, problem

PREFIX = "/v1/"
HOP_BY_HOP = {
    b"connection",
    b"host",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
    b"expect",
}
TRACEPARENT = tracing.HEADER.encode()
OURS = {b"date", b"server"}  # each server says these of itself
TIMEOUT = httpx.Timeout(125, connect=2, pool=5)
LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=5)
log = logging.getLogger(__name__)


class TooLarge(Exception):
    """The body is longer than what is accepted."""


class ClientGone(Exception):
    """The client went away in the middle of its request."""


class ForwardPredictions:
    """ASGI: requests to /v1/ go to the inference process, everything else to `app`."""

    def __init__(self, app):
        self.app = app
        self.client = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._forward(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _live(self, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.client:
            await self.client.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(self, scope, receive, send):
        started = False

        async def send_on(message):
            nonlocal started
            started = True
            await send(message)

        try:
            with tracing.span("forward", following=_traceparent(scope)):
                await self._pass_on(scope, receive, send_on)
        except ClientGone:
            return
        except TooLarge:
            message = _("The request is larger than the %s bytes that are accepted.")
            await _refuse(send, 413, message % settings.LEPTON_MAX_REQUEST_BYTES)
        except httpx.HTTPError as error:
            log.warning("The inference process did not answer: %r", error)
            if started:  # half an answer is out: breaking off says so
                raise
            message = _("Predictions cannot be answered right now: try again in a moment.")
            await _refuse(send, 503, message, [(b"retry-after", b"2")])

    async def _pass_on(self, scope, receive, send):
        self.client = self.client or httpx.AsyncClient(timeout=TIMEOUT, limits=LIMITS)
        headers = [(name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP]
        if mine := tracing.current():
            headers = [(n, v) for n, v in headers if n != TRACEPARENT]
            headers.append((TRACEPARENT, mine.encode()))
        length = dict(headers).get(b"content-length", b"")
        if length.isdigit() and int(length) > settings.LEPTON_MAX_REQUEST_BYTES:
            raise TooLarge
        has_body = length not in (b"", b"0") or b"transfer-encoding" in dict(scope["headers"])
        request = self.client.build_request(
            scope["method"],
            _address(scope),
            headers=headers,
            content=_body(receive) if has_body else None,
        )
        response = await self.client.send(request, stream=True)
        try:
            await send(_start(response))
            async for part in response.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()


def _traceparent(scope) -> str:
    return dict(scope["headers"]).get(TRACEPARENT, b"").decode("latin-1")


def _address(scope) -> httpx.URL:
    path = scope.get("raw_path") or scope["path"].encode()
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    return httpx.URL(inference_backend()).copy_with(raw_path=path + query)


def _start(response) -> dict:
    left_out = HOP_BY_HOP | OURS
    headers = [(n.lower(), v) for n, v in response.headers.raw if n.lower() not in left_out]
    status = response.status_code
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _body(receive):
    """The body as it comes in, but not more of it than is accepted."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        if size > settings.LEPTON_MAX_REQUEST_BYTES:
            raise TooLarge
        yield part


async def _refuse(send, status, error, headers=()):
    body = json.dumps(problem(status, error)).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
