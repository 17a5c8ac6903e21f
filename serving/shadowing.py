"""Second answers, off the clients' path: taken only while nobody waits, and dropped when busy."""

import logging
import os
import threading
import time
from collections import deque
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

import numpy as np

from serving import metrics
from serving.asks import Answer
from serving.batcher import Batcher
from serving.beside import Second
from serving.breakers import Breakers
from serving.models import ChallengerFailure, ShadowAnswer
from serving.prediction_log import Behind, PredictionLog
from serving.shelf import NoRoom
from serving.system import Wanted
from training.engine.preprocess import evaluation_input

WAITING_AT_MOST, BYTES_AT_MOST = 32, 64_000_000
PAUSE_SECONDS = 0.02  # how soon to look again whether clients still wait
STALE_SECONDS, STOP_SECONDS = 30.0, 1.0
NICENESS = 10  # of this one thread: a client's work comes first on the processor as well
log = logging.getLogger(__name__)


class Work(NamedTuple):
    """An input that was answered, and who answers it again."""

    tenant_id: UUID
    endpoint_id: UUID
    data: bytes
    answer: Answer
    second: Second
    offered_at: float


def best(classes: list[str], scores: list[float]) -> tuple[str, float]:
    """The class with the highest score, and that score."""
    place = max(range(len(scores)), key=scores.__getitem__)
    return classes[place], scores[place]


class Shadowing:
    """`offer` never blocks and never raises; one thread of low priority does the work."""

    def __init__(self, batcher: Batcher, predictions: PredictionLog, breakers: Breakers):
        self._batcher, self._log, self._breakers = batcher, predictions, breakers
        self._waiting: deque[Work] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(STOP_SECONDS)  # what it is at is written with the log

    def offer(self, wanted: Wanted, answer: Answer, data: bytes, second: Second) -> None:
        """Have an input answered again when there is time."""
        now = time.monotonic()
        work = Work(wanted.tenant_id, wanted.endpoint_id, data, answer, second, now)
        with self._changed:
            full = len(self._waiting) >= WAITING_AT_MOST or self._bytes + len(data) > BYTES_AT_MOST
            if full or self._log.is_full:
                metrics.COMPARED.labels("dropped").inc()
                return
            self._waiting.append(work)
            self._bytes += len(data)
            self._changed.notify()

    def _work(self) -> None:
        with suppress(OSError, AttributeError):  # only where a thread has a priority of its own
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        while (work := self._take()) is not None:
            if self._is_over(work):
                metrics.COMPARED.labels("dropped").inc()
            else:
                self._answer(work)
            del work  # or its models would stay in memory until the next

    def _is_over(self, work: Work) -> bool:
        """It waited too long, or the challenger keeps failing; the champion's breaker is for
        clients alone."""
        if time.monotonic() - work.offered_at > STALE_SECONDS:
            return True
        second = work.second
        return second.is_challenger and self._breakers.pause_of(second.model.version_id) > 0

    def _take(self) -> Work | None:
        """Wait for work, and until no client waits; None means there will be none."""
        with self._changed:
            while not self._closing:
                if not self._waiting:
                    self._changed.wait()
                elif self._batcher.waiting:
                    self._changed.wait(PAUSE_SECONDS)
                else:
                    work = self._waiting.popleft()
                    self._bytes -= len(work.data)
                    return work
        return None

    def _answer(self, work: Work) -> None:
        model = work.second.model
        began = time.perf_counter()
        try:
            image = evaluation_input(work.data, resize=model.resize, crop=model.crop)
            scores = model.scores(model.runtime.run(image[None])[0])
            if scores.shape != (len(model.classes),) or not np.isfinite(scores).all():
                raise ArithmeticError("It does not answer with one score per class.")
        except NoRoom:
            metrics.COMPARED.labels("dropped").inc()
            return
        except Exception as error:
            metrics.COMPARED.labels("failed").inc()
            log.warning("A second answer failed: %r", error)
            if work.second.is_challenger:
                self._breakers.failed(model.version_id)
                self._note(work, failure(work.tenant_id, work.second.challenger_id, error))
            return
        if work.second.is_challenger:
            self._breakers.answered(model.version_id)
        latency_ms = round((time.perf_counter() - began) * 1000, 2)
        self._note(work, _row(work, scores.tolist(), latency_ms))
        metrics.COMPARED.labels("compared").inc()

    def _note(self, work, row) -> None:
        self._log.add(Behind(work.tenant_id, work.endpoint_id, row))


def _row(work: Work, scores: list[float], latency_ms: float) -> ShadowAnswer:
    answer, second = work.answer, work.second
    label, score = best(second.model.classes, scores)
    return ShadowAnswer(
        tenant_id=work.tenant_id,
        prediction_id=answer.prediction_id,
        challenger_id=second.challenger_id,
        model_version_id=second.model.version_id,
        label=label,
        score=score,
        scores=scores,
        agrees=label == best(answer.model.classes, answer.scores)[0],
        latency_ms=latency_ms,
    )


def failure(tenant_id, challenger_id, error: Exception) -> ChallengerFailure:
    """What is kept of a request that a challenger could not answer."""
    cause = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
    return ChallengerFailure(tenant_id=tenant_id, challenger_id=challenger_id, cause=cause)
