"""Which variant answers a request, what happens when it fails, and who answers a second time."""

import logging
import time
import uuid
from typing import NamedTuple

from django.utils.translation import gettext as _

from lepton.lib import tracing
from serving.asks import Answer, Ask
from serving.batcher import Batcher
from serving.beside import Challengers
from serving.breakers import Breakers
from serving.loader import Loader, Place
from serving.opening import Model
from serving.prediction_log import Behind, PredictionLog
from serving.protocols import Question
from serving.refusals import Refused, come_back
from serving.shadowing import Shadowing, failure
from serving.shelf import NoRoom

log = logging.getLogger(__name__)


class Terms(NamedTuple):
    """What holds for one request."""

    began: float  # time.perf_counter() when it came in
    seconds: float  # until its deadline
    can_wait: bool  # until nobody else does
    is_pinned: bool  # it is the champion's to answer


class Answering:
    """Belongs to the event loop; nothing in it waits but for the batcher."""

    def __init__(self, batcher: Batcher, loader: Loader, predictions: PredictionLog):
        self.batcher, self.log, self.cold = batcher, predictions, loader.cold
        self.breakers = Breakers()
        self.beside = Challengers(loader)
        self.shadowing = Shadowing(batcher, predictions, self.breakers)

    def start(self) -> None:
        self.shadowing.start()

    def stop(self) -> None:
        self.shadowing.stop()
        self.beside.stop()

    async def answers(self, place: Place, asked: Question, terms: Terms) -> list[Answer]:
        """Ask the variant whose turn it is; one request is answered by one model.

        Where a canary fails the champion answers. Raises Refused, or whatever the champion raises.
        """
        ids = [uuid.uuid4() for _image in asked.images]
        model = place.model
        if not terms.is_pinned:
            model = self.beside.answering(place, asked.reference or ids[0])
        if model is not place.model and await self._is_ready(model):
            try:
                return await self._ask(model, asked, ids, terms)
            except Refused:
                raise
            except NoRoom:  # its graph went while the body came in: no failure of its own
                pass
            except Exception as error:
                self._note_failure(place, error)
        pause = self.breakers.pause_of(place.model.version_id)
        if pause:
            message = _("This model keeps failing and is left alone for a moment: try again.")
            raise come_back(message, seconds=pause)
        try:
            return await self._ask(place.model, asked, ids, terms)
        except NoRoom:
            raise come_back(_("The model is being loaded: try again in a moment.")) from None

    async def _is_ready(self, canary: Model) -> bool:
        """Whether it may be asked now; one that is not in memory is brought there meanwhile."""
        if self.breakers.pause_of(canary.version_id):
            return False
        try:
            await self.cold.warm(canary, patience=0)
        except Refused:
            return False
        return True

    def compare(self, place: Place, answers: list[Answer], asked: Question) -> None:
        """Have what a client was answered answered by the other variant too, when there is time."""
        if place.wanted.endpoint_id not in self.beside.table:
            return
        for answer, sent in zip(answers, asked.images, strict=True):
            second = self.beside.second(place, answer.model, answer.prediction_id)
            if second:
                self.shadowing.offer(place.wanted, answer, sent.data, second)

    async def _ask(self, model: Model, asked: Question, ids, terms: Terms) -> list[Answer]:
        how = {"explain": asked.explain, "background": terms.can_wait}
        asks = [
            Ask(model, sent.data, sent.field, terms.began, prediction_id=prediction_id, **how)
            for sent, prediction_id in zip(asked.images, ids, strict=True)
        ]
        asked_at = time.perf_counter()
        try:
            answers = await self.batcher.ask_all(asks, seconds=terms.seconds)
        except (Refused, NoRoom):
            raise
        except Exception:
            self.breakers.failed(model.version_id)
            raise
        self.breakers.answered(model.version_id)
        taken, done = min(ask.taken for ask in asks), time.perf_counter()
        tracing.past("wait for a worker", since=asked_at, until=taken)
        tracing.past("decode and run", since=taken, until=done)
        return answers

    def _note_failure(self, place: Place, error: Exception) -> None:
        wanted, beside = place.wanted, self.beside.table.get(place.wanted.endpoint_id)
        log.warning("%s/%s: the canary failed: %r", *wanted.address, error)
        if beside:
            row = failure(wanted.tenant_id, beside.wanted.deployment_id, error)
            self.log.add(Behind(wanted.tenant_id, wanted.endpoint_id, row))
