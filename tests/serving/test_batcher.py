"""The queue: bounded, on time, and fair to each request in a batch."""

import asyncio
import gc
import threading
import time
import uuid
import weakref

import numpy as np
import pytest

from serving import running
from serving.asks import Ask
from serving.batcher import Batcher
from serving.loader import Model
from serving.refusals import Refused
from serving.runtimes.null import NullRuntime
from tests.serving import models


class Held(NullRuntime):
    """Runs when it is let go, and remembers how many images came at once."""

    def __init__(self, answer=None):
        super().__init__(2)
        self.go, self.sizes, self.answer = threading.Event(), [], answer

    def run(self, images):
        self.go.wait(10)
        self.sizes.append(len(images))
        return super().run(images) if self.answer is None else self.answer


def an_ask(runtime, data=None):
    model = Model(uuid.uuid4(), 1, uuid.uuid4(), 1, models.CLASSES, 256, 224, runtime)
    return Ask(model, models.picture() if data is None else data, "image", time.perf_counter())


def with_batcher(work, **options):
    async def go():
        batcher = Batcher(**options)
        batcher.start()
        try:
            return await work(batcher)
        finally:
            batcher.stop()

    return asyncio.run(go())


async def taken(batcher):
    """Wait until the workers have taken what they can."""
    await asyncio.sleep(0.05)
    return len(batcher.waiting)


def test_a_full_queue_refuses_at_once():
    runtime = Held()

    async def work(batcher):
        first = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=10))
        await taken(batcher)
        second = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=10))
        await taken(batcher)
        began = time.perf_counter()
        with pytest.raises(Refused) as refused:
            await batcher.ask(an_ask(runtime), seconds=10)
        assert time.perf_counter() - began < 0.1
        assert refused.value.status == 503
        assert dict(refused.value.headers)[b"retry-after"]
        runtime.go.set()
        return await asyncio.gather(first, second)

    first, second = with_batcher(work, workers=1, queue_at_most=1)
    assert first.prediction_id != second.prediction_id


def test_who_waited_too_long_is_told_and_costs_no_work():
    runtime = Held()

    async def work(batcher):
        first = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=10))
        await taken(batcher)
        with pytest.raises(Refused, match="deadline"):
            await batcher.ask(an_ask(runtime), seconds=0.1)
        runtime.go.set()
        await first
        await batcher.ask(an_ask(runtime), seconds=10)

    with_batcher(work, workers=1)
    assert runtime.sizes == [1, 1]


def test_what_waits_for_the_same_small_graph_runs_together_and_one_bad_image_harms_no_other():
    runtime, other = Held(), Held()
    other.go.set()

    async def work(batcher):
        asks = [an_ask(runtime), an_ask(runtime), an_ask(other), an_ask(runtime, b"no image")]
        asks.append(an_ask(runtime))
        futures = []
        for ask in asks:
            futures.append(asyncio.ensure_future(batcher.ask(ask, seconds=10)))
            await taken(batcher)
        runtime.go.set()
        return await asyncio.gather(*futures, return_exceptions=True)

    results = with_batcher(work, workers=1)
    assert isinstance(results[3], Refused) and results[3].status == 422
    assert all(not isinstance(result, Exception) for n, result in enumerate(results) if n != 3)
    assert runtime.sizes == [1, 2]
    assert other.sizes == [1]


def test_an_answer_that_is_no_number_is_an_error():
    runtime = Held(answer=np.array([[np.nan, 1]], np.float32))
    runtime.go.set()

    async def work(batcher):
        with pytest.raises(ArithmeticError):
            await batcher.ask(an_ask(runtime), seconds=10)

    with_batcher(work, workers=1)


def test_a_model_that_fails_is_not_kept_by_its_errors():
    """Without waiting for garbage to be collected: its graph may be large."""
    ask = an_ask(Held(answer=np.array([[np.nan, 1.0]])))
    ask.model.runtime.go.set()
    there = weakref.ref(ask.model.runtime)

    async def work(batcher):
        nonlocal ask
        asked, ask = ask, None
        with pytest.raises(ArithmeticError):
            await batcher.ask(asked, seconds=10)

    gc.disable()
    try:
        with_batcher(work, workers=1)
        until = time.monotonic() + 5
        while there() and time.monotonic() < until:  # the worker lets go just after it answered
            time.sleep(0.01)
        assert there() is None
    finally:
        gc.enable()


def test_what_was_sent_in_bulk_runs_when_nothing_else_waits():
    runtime, order = Held(), []

    def ask(name, **options):
        asked = an_ask(runtime)
        asked.background = options.get("background", False)
        asked.done = None
        return name, asked

    async def answer(batcher, name, asked):
        await batcher.ask(asked, seconds=10)
        order.append(name)

    async def work(batcher):
        runtime.batches = False
        asks = [ask("first"), ask("bulk 1", background=True), ask("bulk 2", background=True)]
        asks += [ask("live 1"), ask("live 2")]
        futures = []
        for name, asked in asks:
            futures.append(asyncio.ensure_future(answer(batcher, name, asked)))
            await taken(batcher)
        assert (len(batcher.waiting), len(batcher.background)) == (2, 2)
        runtime.go.set()
        await asyncio.gather(*futures)

    with_batcher(work, workers=1)
    assert order == ["first", "live 1", "live 2", "bulk 1", "bulk 2"]


def test_a_quiet_tenant_waits_for_one_answer_and_gets_its_place_in_a_full_queue():
    runtime, order = Held(), []
    runtime.batches = False

    async def answer(batcher, name, tenant):
        asked = an_ask(runtime)
        asked.model = asked.model._replace(tenant=tenant)
        try:
            await batcher.ask(asked, seconds=10)
            order.append(name)
        except Refused as refused:
            order.append(f"{name}: {refused.status}")

    async def work(batcher):
        futures = []
        for name, tenant in [*((f"noisy {n}", "acme") for n in range(5)), ("quiet", "globex")]:
            futures.append(asyncio.ensure_future(answer(batcher, name, tenant)))
            await taken(batcher)
        runtime.go.set()
        await asyncio.gather(*futures)

    with_batcher(work, workers=1, queue_at_most=4)
    assert order == ["noisy 4: 503", "noisy 0", "quiet", "noisy 1", "noisy 2", "noisy 3"]


def test_what_cannot_be_answered_in_time_is_refused_at_once():
    runtime = Held()

    async def work(batcher):
        batcher.pace.note(2.0, images=1)  # what an image took lately
        first = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        await taken(batcher)
        second = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        await taken(batcher)
        began = time.perf_counter()
        with pytest.raises(Refused) as refused:
            await batcher.ask(an_ask(runtime), seconds=3)
        waited = time.perf_counter() - began
        patient = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        runtime.go.set()
        await asyncio.gather(first, second, patient)
        return refused.value, waited

    refused, waited = with_batcher(work, workers=1)
    assert refused.status == 503 and "before the deadline" in refused.error
    assert dict(refused.headers)[b"retry-after"] == b"4" and waited < 1


def test_a_queue_is_believed_to_keep_its_pace_for_three_quarters_of_the_time_only():
    """Known before the body is read, too: the queue is all that counts."""
    runtime, tenant = Held(), "acme"

    async def work(batcher):
        batcher.pace.note(2.0, images=1)
        first = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        await taken(batcher)
        second = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        await taken(batcher)
        now = time.perf_counter()
        batcher.refuse_too_late(tenant, until=now + 6, background=False)  # 4 s at this pace
        batcher.refuse_too_late(tenant, until=now + 5, background=True)
        with pytest.raises(Refused):
            batcher.refuse_too_late(tenant, until=now + 5, background=False)
        runtime.go.set()
        await asyncio.gather(first, second)

    with_batcher(work, workers=1)


def test_an_idle_worker_takes_even_what_seems_too_slow():
    """Its pace may be of another network: it would never be known otherwise."""

    async def work(batcher):
        batcher.pace.note(100.0, images=1)
        return await batcher.ask(an_ask(NullRuntime(2)), seconds=300)

    assert with_batcher(work, workers=1).scores


def test_nothing_is_worked_on_that_would_be_too_late():
    runtime = Held()

    async def work(batcher):
        first = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30))
        await taken(batcher)
        late = asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=2))
        await taken(batcher)
        batcher.pace.note(10.0, images=1)
        runtime.go.set()
        await first
        with pytest.raises(Refused):
            await late
        return runtime.sizes

    assert with_batcher(work, workers=1) == [1]


def test_where_workers_are_few_what_comes_meanwhile_runs_together_next():
    runtime = Held()

    async def work(batcher):
        futures = []
        for _ in range(6):
            futures.append(asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30)))
            await taken(batcher)
        runtime.go.set()
        return await asyncio.gather(*futures)

    assert len(with_batcher(work, workers=1, decoders=4)) == 6
    assert runtime.sizes == [1, 5]


def test_what_runs_together_is_decoded_side_by_side(monkeypatch):
    runtime, meeting = Held(), threading.Barrier(3)
    decode = running.evaluation_input

    def decoded(data, **how):
        if runtime.sizes:  # the first came alone
            meeting.wait(10)
        return decode(data, **how)

    monkeypatch.setattr(running, "evaluation_input", decoded)

    async def work(batcher):
        futures = []
        for data in (None, None, b"no image", None):
            futures.append(asyncio.ensure_future(batcher.ask(an_ask(runtime, data), seconds=30)))
            await taken(batcher)
        runtime.go.set()
        return await asyncio.gather(*futures, return_exceptions=True)

    first, second, bad, last = with_batcher(work, workers=1, decoders=3)
    assert first.scores and second.scores and last.scores
    assert isinstance(bad, Refused) and bad.status == 422
    assert runtime.sizes == [1, 2]


def test_what_waits_is_answered_when_the_process_ends():
    runtime = Held()

    async def work(batcher):
        asked = [asyncio.ensure_future(batcher.ask(an_ask(runtime), seconds=30)) for _ in range(4)]
        await taken(batcher)
        batcher.stop()
        runtime.go.set()
        answers = await asyncio.gather(*asked)
        for thread in batcher._threads:
            thread.join(10)
        return answers, [thread.is_alive() for thread in batcher._threads]

    answers, alive = with_batcher(work, workers=1, decoders=2)
    assert all(answer.scores for answer in answers) and alive == [False]
