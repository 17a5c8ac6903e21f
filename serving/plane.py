"""The data plane's ASGI application: who asks, what is asked, which model answers.

The event loop does nothing but this; threads decode, run, write the log, and keep keys and models
fresh. No query, no framework and no torch lies between a request and its answer.
"""

import logging
import time

from django.conf import settings
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from accounts.roles import Capability
from serving import metrics, tokens
from serving.batcher import Ask, Batcher
from serving.keeper import Keeper
from serving.keyring import Keyring
from serving.loader import Loader, Place
from serving.prediction_log import PredictionLog, Row
from serving.protocols import Request, native
from serving.refusals import Refused, bad_field, come_back, unauthenticated

PREFIX = "/v1/endpoints/"
JSON = [(b"content-type", b"application/json")]
TEXT = [(b"content-type", b"text/plain; charset=utf-8")]
DEADLINE_SECONDS, DEADLINE_AT_MOST = 30.0, 120.0
BODIES_AT_MOST_BYTES = 400_000_000
log = logging.getLogger(__name__)


class DataPlane:
    """Answers predictions; `runtime` names what runs the graphs."""

    def __init__(self, *, runtime: str = "onnx", workers: int = 2):
        self.keyring = Keyring()
        self.loader = Loader(runtime=runtime)
        self.batcher = Batcher(workers=workers)
        self.log = PredictionLog()
        self.keeper = Keeper()
        self.held_bytes = 0
        metrics.WAITING.set_function(lambda: len(self.batcher.waiting))
        metrics.ENDPOINTS.set_function(lambda: len(self.loader.table))
        metrics.MODELS.set_function(lambda: len(self.loader.shelf))
        metrics.UNLOGGED.set_function(lambda: len(self.log.rows))

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            status, headers, body = await self._answer(scope, receive)
        except Refused as refused:
            status, headers, body = refused.status, refused.all_headers(), refused.document()
        except Exception:
            log.exception("%s %s", scope["method"], scope["path"])
            broken = Refused(500, _("Something went wrong here. It was logged."))
            status, headers, body = 500, broken.all_headers(), broken.document()
        metrics.ANSWERS.labels(status).inc()
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive, send):
        await receive()
        for part in (self.keeper, self.log, self.batcher, self.keyring, self.loader):
            part.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # by now every request in flight was answered
        for part in (self.loader, self.batcher, self.keyring):
            part.stop()
        self.log.close()
        self.keeper.close(seconds=4)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope, receive):
        path = scope["path"]
        if not path.startswith(PREFIX):
            return self._machine_page(scope["method"], path)
        tenant, _slash, rest = path[len(PREFIX) :].partition("/")
        endpoint, _slash, verb = rest.partition("/")
        if verb not in ("", "predict"):
            raise Refused(404, _("There is nothing at this address."))
        _allow(scope["method"], "POST" if verb else "GET")
        began = time.perf_counter()
        headers = dict(scope["headers"])
        caller, place = await self._admit(headers, tenant, endpoint, verb)
        if not verb:
            return 200, JSON, native.describe(place)
        with metrics.SECONDS.time():
            body = await self._predict(scope, receive, headers, caller, place, began)
        return 200, JSON, body

    def _machine_page(self, method, path):
        if path not in ("/livez", "/readyz", "/metrics"):
            raise Refused(404, _("There is nothing at this address."))
        _allow(method, "GET")
        if path == "/metrics":
            kind = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
            return 200, kind, generate_latest(metrics.REGISTRY)
        if path == "/readyz" and not self.loader.ready.is_set():
            raise come_back(_("The models are being loaded."))
        return 200, TEXT, b"ok"

    async def _admit(self, headers, tenant, endpoint, verb):
        """Who asks, and the endpoint if they may know of it. Raises Refused."""
        key = _presented_key(headers)
        if key.startswith(tokens.PREFIX):
            caller = tokens.read(key)
            if caller.endpoint_slug != endpoint:
                raise _no_such_endpoint()
        else:
            caller = await self.keyring.check(key)
        if caller.tenant_slug != tenant:
            raise _no_such_endpoint()
        allowed = {Capability.PREDICT} if verb else {Capability.PREDICT, Capability.VIEW}
        if allowed.isdisjoint(caller.scopes):
            raise Refused(403, _("This key lacks the scope “predict”."))
        place = self.loader.table.get((tenant, endpoint))
        if place is None:
            if not self.loader.ready.is_set():
                raise come_back(_("The models are being loaded."))
            raise _no_such_endpoint()
        return caller, place

    async def _predict(self, scope, receive, headers, caller, place: Place, began) -> bytes:
        seconds = _deadline(headers)
        if place.model is None:
            raise _not_answering(place)
        if self.log.is_full:
            raise come_back(_("Predictions cannot be recorded right now: try again."), seconds=5)
        body = await self._body(headers, receive)
        try:
            request = Request(headers, scope["query_string"], body)
            asked = native.question(request)
            ask = Ask(place.model, asked.data, asked.field, began)
            answer = await self.batcher.ask(ask, seconds=seconds)
            self._record(caller, place, answer, asked)
        finally:
            self.held_bytes -= len(body)
        return native.reply(answer, asked, place.wanted.endpoint_slug)

    def _record(self, caller, place, answer, asked):
        wanted = place.wanted
        key = ""
        if wanted.keeps_inputs:
            key = self.keeper.keep(wanted.tenant_id, answer.input_sha256, asked.data)
        user_id = getattr(caller, "user_id", None)
        row = Row(
            wanted.tenant_id,
            wanted.endpoint_id,
            answer,
            asked.reference,
            caller.key_id,
            user_id,
            key,
        )
        self.log.add(row)

    async def _body(self, headers, receive) -> bytes:
        """Read the whole body; the caller gives its bytes back to `held_bytes`."""
        most = settings.LEPTON_MAX_REQUEST_BYTES
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > most:
            raise _too_large(most)
        if self.held_bytes > BODIES_AT_MOST_BYTES:
            raise come_back(_("Too much is being sent at once: try again in a moment."))
        parts, size = [], 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refused(400, _("The request ended before its body."))
                part = message.get("body", b"")
                size += len(part)
                self.held_bytes += len(part)
                if size > most:
                    raise _too_large(most)
                parts.append(part)
                if not message.get("more_body"):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
        except BaseException:
            self.held_bytes -= size
            raise


def _allow(method: str, allowed: str) -> None:
    if method != allowed:
        message = _("%(method)s is not answered here; %(allowed)s is.")
        error = message % {"method": method, "allowed": allowed}
        raise Refused(405, error, headers=[(b"allow", allowed.encode())])


def _presented_key(headers: dict[bytes, bytes]) -> str:
    """The Authorization header's bearer first, then X-API-Key. Raises Refused for neither."""
    scheme, _space, value = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not value.strip():
        value = headers.get(b"x-api-key", b"")
    if not value.strip():
        raise unauthenticated(_("Send your API key: Authorization: Bearer lep_…"))
    return value.strip().decode("latin-1")


def _deadline(headers: dict[bytes, bytes]) -> float:
    text = headers.get(b"x-request-timeout")
    if text is None:
        return DEADLINE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= DEADLINE_AT_MOST:
        limit = DEADLINE_AT_MOST
        raise bad_field("X-Request-Timeout", _("must be seconds from 0 to %d.") % limit)
    return seconds


def _not_answering(place: Place) -> Refused:
    if place.wanted.deployment_id is None:
        return come_back(_("No model is deployed to this endpoint yet."), seconds=30)
    return come_back(_("The model is being loaded: try again in a moment."), seconds=2)


def _no_such_endpoint() -> Refused:
    return Refused(404, _("There is no such endpoint."))


def _too_large(most: int) -> Refused:
    message = _("The request is larger than the %s bytes that are accepted.")
    return Refused(413, message % most, limit_bytes=most)
