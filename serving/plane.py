"""The data plane: who asks, what is asked, which model answers.

The event loop does nothing but this; threads decode, run, write the log, and keep keys and models
fresh. No query, no framework and no torch lies between a request and its answer.
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lepton.lib import tracing
from serving import metrics, routes, runtimes
from serving.admission import admit, deadline, is_background, patience
from serving.answering import Answering, Terms
from serving.batcher import Batcher
from serving.bodies import Bodies
from serving.idempotency import Replies, key_of
from serving.incoming import Incoming
from serving.keeper import Keeper
from serving.keyring import Keyring
from serving.loader import Loader, Place
from serving.models import Prediction
from serving.peers import Peers
from serving.practice import Practice, Trainee
from serving.prediction_log import PredictionLog, Row
from serving.protocols import Question, Reply, Request, reading
from serving.pulse import Pulse
from serving.quotas import Quotas
from serving.refusals import Refused, come_back, not_answering

API, BULK = Prediction.Source.API, Prediction.Source.BULK
EXERCISES = frozenset(Prediction.EXERCISES)
# A file sent in bulk, a load test, a drill: the champion answers all of it.
ALL_BY_ONE_MODEL = EXERCISES | {BULK}
TRACEPARENT = tracing.HEADER.encode()
TEXT = [(b"content-type", b"text/plain; charset=utf-8")]
LONG_BYTES = 256_000  # a body that takes longer to read than the event loop should be busy
# A new process takes connections once its models are loaded; until then they go to others or wait
# at the socket. After so long it takes them anyway, and says what is missing.
LOADED_SECONDS = 10.0
log = logging.getLogger(__name__)


class DataPlane:
    """Answers predictions; `runtime` names what runs the graphs."""

    def __init__(self, *, runtime: str = "onnx", threads: int = 2):
        self.keyring = Keyring()
        lanes = runtimes.get(runtime).lanes(threads)
        self.batcher = Batcher(workers=lanes, decoders=threads if lanes < threads else 0)
        self.loader = Loader(runtime=runtime, is_busy=self.batcher.is_busy)
        self.log = PredictionLog()
        self.answering = Answering(self.batcher, self.loader, self.log)
        self.pulse = Pulse(self.batcher)
        self.keeper = Keeper()
        self.bodies = Bodies()
        self.replies = Replies()
        self.quotas = Quotas()
        self.practice = Practice()
        self.peers = Peers((self.quotas, self.practice.quotas), self.pulse)
        self.readers = ThreadPoolExecutor(2, "reader")
        self.is_leaving = False  # it takes no new connections, and gives up those it has
        metrics.WAITING.set_function(lambda: len(self.batcher.waiting))
        metrics.WAITING_BULK.set_function(lambda: len(self.batcher.background))
        metrics.QUEUE_SECONDS.set_function(lambda: self.batcher.queue_seconds)
        metrics.UTILISATION.set_function(self.batcher.utilisation.share)
        metrics.ENDPOINTS.set_function(lambda: len(self.loader.table))
        metrics.MODELS.set_function(lambda: len(self.loader.shelf))
        metrics.BESIDE.set_function(lambda: len(self.answering.beside.table))
        metrics.MODELS_BYTES.set_function(lambda: self.loader.shelf.used_bytes)
        metrics.UNLOGGED.set_function(lambda: len(self.log.rows))

    async def __call__(self, scope, receive, send):
        """ASGI, for the beginning and the end of the process alone; requests come to `answer`."""
        await receive()
        parts = (self.keeper, self.log, self.batcher, self.answering, self.keyring, self.loader)
        for part in (*parts, self.peers):
            part.start()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.readers, self.loader.ready.wait, LOADED_SECONDS)
        await send({"type": "lifespan.startup.complete"})
        await receive()  # by now every request in flight was answered
        parts = (self.loader, self.answering, self.batcher, self.keyring, self.replies)
        for part in (*parts, self.practice, self.peers):
            part.stop()
        self.readers.shutdown(wait=False, cancel_futures=True)
        self.log.close()
        self.keeper.close(seconds=4)
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, incoming: Incoming) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body for a request."""
        try:
            status, headers, body = await self._answer(incoming)
        except Refused as refused:
            status, headers, body = refused.status, refused.all_headers(), refused.document()
        except Exception:
            log.exception("%s %s", incoming.method, incoming.path)
            broken = Refused(500, _("Something went wrong here. It was logged."))
            status, headers, body = 500, broken.all_headers(), broken.document()
        metrics.answered_with(status).inc()
        return status, headers, body

    async def _answer(self, incoming: Incoming):
        if not incoming.path.startswith(routes.PREFIX):
            return self._machine_page(incoming.method, incoming.path)
        route = routes.find(incoming.method, incoming.path)
        caller, place = await admit(self.keyring, self.loader, incoming.headers, route)
        routes.require_model(route, place)
        if not caller.is_practice:
            return await self._served(incoming, caller, place, route)
        trainee = Trainee(caller)
        serving = self._served(incoming, trainee, place, route)
        return await self.practice.seen(trainee, place, route.address, serving)

    async def _served(self, incoming: Incoming, caller, place, route):
        if not route.asks:
            body, reply_headers = await self._shown(route.what, place)
            return 200, reply_headers, body
        wanted, status = place.wanted, 500
        above = incoming.headers.get(TRACEPARENT, b"").decode("latin-1")
        facts = {"tenant": wanted.tenant_slug, "endpoint": wanted.endpoint_slug}
        granted = self._quotas_of(caller).request(caller, wanted.tenant_slug)
        try:
            with tracing.span("predict", following=above, **facts), granted:
                reply = await self._predict(incoming, caller, place, route)
            status = 200
        except Refused as refused:
            status = refused.status
            raise
        finally:
            self._count(caller, wanted, status, time.perf_counter() - incoming.began)
        return status, reply.headers, reply.body

    def _count(self, caller, wanted, status: int, seconds: float) -> None:
        """Count a request wherever one of its kind counts."""
        metrics.SECONDS.observe(seconds)
        if caller.is_practice:
            return
        self.pulse.count(wanted.endpoint_id, status)
        if status != 200 and _source(caller) not in EXERCISES:
            self.log.refused.count(wanted, status)

    def _quotas_of(self, caller) -> Quotas:
        return self.practice.quotas if caller.is_practice else self.quotas

    async def _shown(self, what, place: Place) -> Reply:
        if what is routes.PULSE:
            return reading.as_json(await self.peers.pulse(place.wanted.endpoint_id))
        return what(place)

    def _machine_page(self, method, path):
        if path not in ("/livez", "/readyz", "/metrics"):
            raise routes.nothing_here()
        routes.allow(method, "GET")
        if path == "/metrics":
            kind = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
            return 200, kind, generate_latest(metrics.REGISTRY)
        if path == "/readyz" and not self.loader.ready.is_set():
            raise come_back(_("The models are being loaded."))
        return 200, TEXT, b"ok"

    async def _predict(self, incoming: Incoming, caller, place: Place, route) -> Reply:
        headers, began = incoming.headers, incoming.began
        seconds, key = deadline(headers), key_of(headers)
        key = caller.own(key) if caller.is_practice else key
        can_wait = is_background(headers, caller)
        is_alone = caller.is_practice or _source(caller) in ALL_BY_ONE_MODEL
        terms = Terms(began, seconds, can_wait, bool(route.version) or is_alone)
        if place.model is None:
            raise not_answering(place)
        if self.log.is_full:
            raise come_back(_("Predictions cannot be recorded right now: try again."), seconds=5)
        tenant, incoming.until = place.wanted.tenant_slug, began + seconds
        self.batcher.refuse_too_late(tenant, until=incoming.until, background=can_wait)
        waits = patience(headers, seconds)
        await self.loader.cold.warm(place.model, patience=waits)
        body = await self.bodies.read(incoming)
        held = len(body)
        try:
            request = Request(headers, incoming.query, body)
            asked = await self._understood(route.what, request)
            self._quotas_of(caller).charge(caller, len(asked.images) - 1)
            copies = [sent.data for sent in asked.images if sent.data is not body]
            held += self.bodies.hold(sum(map(len, copies)))
            answer = partial(self._reply, asked, caller, place, route, terms)
            if not key:
                return await answer()
            question = (route.address, asked)
            return await self.replies.once(key, place.wanted, question, answer, seconds=seconds)
        finally:
            self.bodies.release(held)

    async def _reply(self, asked: Question, caller, place, route, terms: Terms) -> Reply:
        answers = await self.answering.answers(place, asked, terms)
        for answer, sent in zip(answers, asked.images, strict=True):
            self._record(caller, place, answer, sent.data, asked.reference, terms)
        if not caller.is_practice and _source(caller) not in EXERCISES:
            self.answering.compare(place, answers, asked)
        body, headers = route.what.reply(answers, asked, place.wanted)
        ids = ", ".join(str(answer.prediction_id) for answer in answers)
        return Reply(body, [*headers, (b"x-prediction-id", ids.encode())])

    async def _understood(self, dialect, request: Request) -> Question:
        """Read the question; in a thread where that takes long."""
        if len(request.body) < LONG_BYTES and b"content-encoding" not in request.headers:
            return dialect.question(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.readers, dialect.question, request)

    def _record(self, caller, place, answer, data, reference, terms: Terms):
        if caller.is_practice:
            caller.note(answer, reference)
            return
        wanted, key = place.wanted, ""
        source = _source(caller)
        if terms.can_wait and source == API:
            source = BULK  # how long it waited says nothing of how quick we are
        if wanted.keeps_inputs and source not in EXERCISES:
            key = self.keeper.keep(wanted.tenant_id, answer.input_sha256, data)
        user_id = getattr(caller, "user_id", None)
        row = Row(
            wanted.tenant_id,
            wanted.endpoint_id,
            answer,
            reference,
            caller.key_id,
            user_id,
            key,
            source,
        )
        self.log.add(row)


def _source(caller) -> str:
    """What asks: a key's program, or what a pass of the site's says."""
    return getattr(caller, "source", API)
