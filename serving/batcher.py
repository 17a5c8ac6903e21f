"""The queue between the event loop and the threads that decode, run and word the answer.

Bounded, and each request has a deadline: one that the queue will not let be answered in time is
refused at once, rather than all answered too late. Tenants take turns, and when the queue is full
the one with most in it gives way; what was sent in bulk is taken only when nothing else waits.
Nothing waits for a batch to fill: a worker takes its share of what is queued already for the same
graph, of whichever tenants, so batches grow with the load. On a CPU only small graphs gain by it.
For a GPU there are few workers, so that more comes together, and more threads that decode for them.
"""

import asyncio
import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext as _

from serving.asks import Answer, Ask
from serving.bell import Bell
from serving.pace import Pace
from serving.refusals import Refused, come_back
from serving.running import results
from serving.runtimes import Runtime
from serving.turns import Turns
from serving.utilisation import Utilisation

QUEUE_AT_MOST = 64
SURE_SHARE = 0.75  # of the time to the deadline: what the queue may fill, since its pace varies


class Batcher:
    """`ask` belongs to the event loop; the workers are threads."""

    def __init__(self, *, workers: int = 2, decoders: int = 0, queue_at_most: int = QUEUE_AT_MOST):
        self.waiting, self.background = Turns(), Turns()  # of asks, between tenants
        self.queue_at_most = queue_at_most
        self._in_flight: defaultdict[Runtime, int] = defaultdict(int)
        self.runs: deque[tuple[float, int]] = deque(maxlen=2_000)  # when, with how many images
        self.utilisation, self.pace = Utilisation(workers), Pace(workers)
        self._bell = Bell()
        self._closing = False
        self._loop = None
        self._decoders = ThreadPoolExecutor(decoders, "decoder") if decoders else None
        self._threads = [
            threading.Thread(target=self._work, name=f"worker-{n}", daemon=True)
            for n in range(workers)
        ]

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        for thread in self._threads:
            thread.start()

    @property
    def queue_seconds(self) -> float:
        """How long the request that waits longest has waited, 0 for none."""
        began = [ask.began for ask in self.waiting.heads()]
        return time.perf_counter() - min(began) if began else 0.0

    def stop(self) -> None:
        with self._bell:
            self._closing = True
            self._bell.ring(len(self._threads))

    def is_busy(self, runtime: Runtime) -> bool:
        """Whether somebody waits for its answer."""
        return runtime in self._in_flight

    async def ask(self, ask: Ask, *, seconds: float) -> Answer:
        """Return the model's answer within `seconds` of the request's start. Raises Refused."""
        return (await self.ask_all([ask], seconds=seconds))[0]

    async def ask_all(self, asks: list[Ask], *, seconds: float) -> list[Answer]:
        """Return every answer, or raise what the first that got none was refused with."""
        until = asks[0].began + seconds
        for ask in asks:
            ask.done, ask.until = self._loop.create_future(), until
        self._queue(asks)
        timer = self._loop.call_later(max(until - time.perf_counter(), 0), _expire, asks)
        try:
            if len(asks) == 1:
                return [await asks[0].done]
            return await asyncio.gather(*(ask.done for ask in asks))
        finally:
            timer.cancel()
            for ask in asks:
                ask.done.cancel()  # of no use to anybody any more; does nothing to what is done
                ask.done = None  # an error in it leads back here, and would keep image and model
            self._note_end(asks)

    def _queue(self, asks: list[Ask]) -> None:
        """Let them wait. Raises Refused for a full queue, or one too long for their deadline."""
        first = asks[0]
        with self._bell:
            self._refuse_too_late(first.model.tenant, first.until, first.background, len(asks))
            line = self._line_of(first)
            self._make_room(line, asks)
            for ask in asks:
                self._in_flight[ask.model.runtime] += 1
                line.add(ask.model.tenant, ask)
            self._bell.ring(len(asks))

    def refuse_too_late(self, tenant: str, *, until: float, background: bool) -> None:
        """Say no before the body is read to what would be answered too late. Raises Refused."""
        if self.waiting:
            with self._bell:
                self._refuse_too_late(tenant, until, background, 1)

    def _refuse_too_late(self, tenant: str, until: float, background: bool, images: int) -> None:
        """What would be answered too late is told so now, and takes no time from the others."""
        if background:  # its deadlines are long, and who goes first is unknown
            return
        ahead = self.waiting.ahead_of(tenant)
        if not ahead:
            return
        needed = self.pace.until_done(ahead, images)
        if needed > (until - time.perf_counter()) * SURE_SHARE:
            message = _("More is waiting than can be answered before the deadline: try again.")
            raise come_back(message, seconds=max(1, math.ceil(needed)))

    def _line_of(self, ask: Ask) -> Turns:
        return self.background if ask.background else self.waiting

    def _note_end(self, asks: list[Ask]) -> None:
        for ask in asks:
            self._in_flight[ask.model.runtime] -= 1
            if not self._in_flight[ask.model.runtime]:
                del self._in_flight[ask.model.runtime]

    def _make_room(self, line: Turns, asks: list[Ask]) -> None:
        """Refuse these, or the newest of a tenant that has more waiting even so."""
        if len(line) + len(asks) <= self.queue_at_most:
            return
        line.drop(lambda ask: ask.is_settled)
        theirs = line.waiting_of(asks[0].model.tenant) + len(asks)
        missing = len(line) + len(asks) - self.queue_at_most
        if missing > line.beyond(theirs):
            raise _too_many()
        for _place in range(missing):
            line.take_newest().done.set_exception(_too_many())

    def _work(self) -> None:
        while batch := self._take():
            self.runs.append((time.monotonic(), len(batch)))
            began = time.perf_counter()
            self.utilisation.begin()
            found = results(batch, self._each(batch))
            self.utilisation.end()
            self.pace.note(time.perf_counter() - began, len(batch))
            self._loop.call_soon_threadsafe(_deliver, found)
            del batch, found  # or their models would stay in memory until the next

    def _each(self, batch: list[Ask]) -> Callable:
        """What maps a function over several: threads side by side, where there are any for it."""
        return self._decoders.map if self._decoders and len(batch) > 1 else map

    def _take(self) -> list[Ask]:
        """Wait for work; an empty list means there will be none."""
        with self._bell:
            while True:
                first = (self.waiting or self.background).take()
                if first is None and self._closing:
                    return []
                if first is None:
                    self._bell.sleep()
                elif self._is_in_time(first):
                    batch = [first, *self._company(first)]
                    for ask in batch:
                        ask.taken = time.perf_counter()
                    return batch

    def _is_in_time(self, ask: Ask) -> bool:
        """Whether somebody waits for it still, and will when it is answered."""
        if ask.is_settled:
            return False
        if time.perf_counter() + self.pace.seconds / 2 < ask.until:
            return True
        self._loop.call_soon_threadsafe(_expire, [ask])
        return False

    def _company(self, first: Ask) -> list[Ask]:
        """What waits for the same graph, up to this worker's fair share."""
        runtime, line, chosen = first.model.runtime, self._line_of(first), []
        if not runtime.batches:
            return []
        most = min(runtime.batch_at_most - 1, len(line) // len(self._threads))
        while len(chosen) < most:
            ask = line.take(lambda ask: ask.model.runtime is runtime)
            if ask is None:
                break
            chosen.append(ask)
        return [ask for ask in chosen if self._is_in_time(ask)]


def _too_many() -> Refused:
    return come_back(_("Too many requests are waiting: try again in a moment."))


def _deliver(results: list[tuple[Ask, Answer | Exception]]) -> None:
    for ask, result in results:
        if ask.is_settled:  # its deadline passed
            continue
        settle: Callable = (
            ask.done.set_exception if isinstance(result, Exception) else ask.done.set_result
        )
        settle(result)


def _expire(asks: list[Ask]) -> None:
    for ask in asks:
        if not ask.is_settled:
            error = come_back(_("No answer before the request's deadline: try again."))
            ask.done.set_exception(error)
