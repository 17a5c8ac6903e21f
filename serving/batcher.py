"""The queue between the event loop and the threads that decode, run and word the answer.

Bounded, and each request has a deadline: under too much load some are refused at once, rather
than all answered too late. On a CPU nothing waits for a batch to fill; a worker takes what is
queued already for the same small graph. A larger device would wait here instead.
"""

import asyncio
import hashlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from django.utils.translation import gettext as _

from serving.loader import Model
from serving.refusals import bad_field, come_back
from training.engine.preprocess import UnreadableImage, evaluation_input

QUEUE_AT_MOST = 64
BATCH_AT_MOST = 8


@dataclass(slots=True, eq=False)
class Ask:
    """One image and where its answer goes."""

    model: Model
    data: bytes
    field: str  # what the client calls the image, for complaints about it
    began: float  # time.perf_counter() when the request came in
    explain: bool = False  # also say what speaks for the answer where; a second forward pass
    prediction_id: uuid.UUID = field(default_factory=uuid.uuid4)
    done: asyncio.Future = None


@dataclass(slots=True, frozen=True)
class Answer:
    """What the model said of one image; `scores` in the order of the model's classes."""

    model: Model
    scores: list[float]
    input_sha256: str
    latency_ms: float
    evidence: list[list[float]] | None = None  # rows of the centre crop, 0 to 1, where asked for
    prediction_id: uuid.UUID = field(default_factory=uuid.uuid4)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def ranked(self, most: int | None = None) -> list[dict]:
        """The classes with their scores, best first."""
        best = sorted(zip(self.model.classes, self.scores, strict=True), key=lambda x: -x[1])
        return [{"label": label, "score": score} for label, score in best[:most]]


class Batcher:
    """`ask` belongs to the event loop; the workers are threads."""

    def __init__(self, *, workers: int = 2, queue_at_most: int = QUEUE_AT_MOST):
        self.waiting: deque[Ask] = deque()
        self.queue_at_most = queue_at_most
        self._changed = threading.Condition()
        self._closing = False
        self._loop = None
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{n}", daemon=True)
            for n in range(workers)
        ]

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    async def ask(self, ask: Ask, *, seconds: float) -> Answer:
        """Return the model's answer within `seconds` of the request's start. Raises Refused."""
        return (await self.ask_all([ask], seconds=seconds))[0]

    async def ask_all(self, asks: list[Ask], *, seconds: float, share: float = 1.0) -> list[Answer]:
        """Return every answer, or raise what the first that got none was refused with.

        `share` is how much of the queue may be taken before these are refused: what is less
        urgent is refused first.
        """
        for ask in asks:
            ask.done = self._loop.create_future()
        with self._changed:
            if len(self.waiting) + len(asks) > self.queue_at_most * share:
                raise come_back(_("Too many requests are waiting: try again in a moment."))
            self.waiting.extend(asks)
            self._changed.notify(len(asks))
        left = seconds - (time.perf_counter() - asks[0].began)
        timer = self._loop.call_later(max(left, 0), _expire, asks)
        try:
            if len(asks) == 1:
                return [await asks[0].done]
            return await asyncio.gather(*(ask.done for ask in asks))
        finally:
            timer.cancel()
            for ask in asks:
                ask.done.cancel()  # of no use to anybody any more; does nothing to what is done

    def _work(self) -> None:
        while batch := self._take():
            results = _results(batch)
            self._loop.call_soon_threadsafe(_deliver, results)

    def _take(self) -> list[Ask]:
        """Wait for work; an empty list means there will be none."""
        with self._changed:
            while True:
                while not self.waiting and not self._closing:
                    self._changed.wait()
                if not self.waiting:
                    return []
                first = self.waiting.popleft()
                if not first.done.done():
                    return [first, *self._company(first)]

    def _company(self, first: Ask) -> list[Ask]:
        """What waits for the same graph, as much of it as is this worker's fair share."""
        runtime = first.model.runtime
        if not runtime.batches:
            return []
        most = min(BATCH_AT_MOST - 1, len(self.waiting) // len(self._threads))
        chosen = [ask for ask in self.waiting if ask.model.runtime is runtime][:most]
        for ask in chosen:
            self.waiting.remove(ask)
        return [ask for ask in chosen if not ask.done.done()]


def _results(batch: list[Ask]) -> list[tuple[Ask, Answer | Exception]]:
    """Decode, run and word the answers; one that cannot be decoded harms no other."""
    results, ready, images = [], [], []
    for ask in batch:
        try:
            images.append(evaluation_input(ask.data, resize=ask.model.resize, crop=ask.model.crop))
            ready.append(ask)
        except UnreadableImage as error:
            results.append((ask, bad_field(ask.field, _(error.reason_template) % error.values)))
        except Exception as error:
            results.append((ask, error))
    return results + _run(ready, images)


def _run(batch: list[Ask], images: list[np.ndarray]) -> list[tuple[Ask, Answer | Exception]]:
    if not batch:
        return []
    try:
        probabilities = batch[0].model.runtime.run(np.stack(images))
        if not np.isfinite(probabilities).all():
            raise ArithmeticError("The graph answered with something that is no number.")
        rows = zip(batch, images, probabilities.tolist(), strict=True)
        return [(ask, _answer(ask, image, scores)) for ask, image, scores in rows]
    except Exception as error:
        return [(ask, error) for ask in batch]


def _answer(ask: Ask, image: np.ndarray, scores: list[float]) -> Answer:
    evidence = _evidence(ask, image, int(np.argmax(scores))) if ask.explain else None
    digest = hashlib.sha256(ask.data).hexdigest()
    latency = (time.perf_counter() - ask.began) * 1000
    return Answer(ask.model, scores, digest, round(latency, 2), evidence, ask.prediction_id)


def _evidence(ask: Ask, image: np.ndarray, place: int) -> list[list[float]] | None:
    """What speaks for the class at `place` more than for the mean class, the most being 1."""
    found = ask.model.runtime.evidence(image[None])
    if found is None:
        return None
    found = np.maximum(found[place] - found.mean(0), 0)
    return (found / max(float(found.max()), 1e-9)).round(3).tolist()


def _deliver(results: list[tuple[Ask, Answer | Exception]]) -> None:
    for ask, result in results:
        if ask.done.done():  # its deadline passed
            continue
        settle: Callable = (
            ask.done.set_exception if isinstance(result, Exception) else ask.done.set_result
        )
        settle(result)


def _expire(asks: list[Ask]) -> None:
    for ask in asks:
        if not ask.done.done():
            error = come_back(_("No answer before the request's deadline: try again."))
            ask.done.set_exception(error)
