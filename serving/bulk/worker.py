"""Carries out bulk predictions: a few images at a time, each step safe from a lost worker.

After a while it lets go, so that imports and other tenants' bulk predictions get their turn.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from lepton.lib import storage
from serving.bulk import services, sources
from serving.bulk.asking import Asker, Gone, Stopped
from serving.bulk.models import BulkPrediction, BulkRow
from training import leases
from training.datasets.archive import BadArchive

STEP = 16  # images between two looks at the row
ASKERS = 2  # images in flight: what one data plane works on at once
TURN_SECONDS = 20.0
TELL_SECONDS = 1.0
State = BulkPrediction.State


def carry_out(claim: leases.Claim) -> None:
    """Take a claimed bulk prediction as far as its turn goes; what is answered stays so."""
    with claim.scope() as bulk:
        claim.write(state=State.RUNNING)
        services.tell(bulk)
        bulk = BulkPrediction.objects.select_related("endpoint__tenant", "tenant").get(pk=bulk.pk)
    with leases.Heart(claim) as heart:
        try:
            if claim.exhausted:
                raise BadArchive(*leases.why_given_up(bulk))
            has_ended = _work(claim, heart, bulk)
        except BadArchive as error:
            has_ended = _end(claim, State.FAILED, cause=error.cause, hint=error.hint)
        except Gone as error:
            has_ended = _end(claim, State.FAILED, cause=str(error))
    if has_ended:
        storage.discard(bulk.upload_key)


def _work(claim, heart, bulk) -> bool:
    """Answer image after image; return whether it has ended."""
    until, told = time.monotonic() + TURN_SECONDS, 0.0
    with (
        _opened(claim, bulk) as (source, entries),
        Asker(bulk, heart.should_stop) as asker,
        ThreadPoolExecutor(ASKERS) as threads,
    ):
        for step in _steps(entries):
            if heart.should_stop():
                return _stop(claim, heart)
            if time.monotonic() > until:
                claim.pause(0)
                return False
            try:
                rows = list(threads.map(asker.row, *zip(*source.questions(step), strict=True)))
            except Stopped:
                return _stop(claim, heart)
            told = _file(claim, heart, rows, told)
            heart.moved()
    return _end(claim, State.SUCCEEDED)


@contextmanager
def _opened(claim, bulk):
    """The source of its images, and which of them are still to be answered."""
    with sources.opened(bulk) as source:
        with claim.scope() as row:
            done = row.rows.count()
            claim.write(files_total=len(source.entries), files_done=done)
        yield source, source.entries[done:]


def _steps(entries):
    return (entries[at : at + STEP] for at in range(0, len(entries), STEP))


def _file(claim, heart, rows, told) -> float:
    """Write the answers and tell watchers, at most once a second; return when they were told."""
    now = time.monotonic()
    with claim.scope() as bulk:
        BulkRow.objects.bulk_create(rows)
        claim.checkpointed(files_done=bulk.files_done + len(rows))
        if bulk.cancel_requested_at:
            heart.cancel_requested.set()  # the heart itself looks once a second only
        if now - told >= TELL_SECONDS:
            services.tell(bulk)
            told = now
    return told


def _stop(claim, heart) -> bool:
    if heart.lost.is_set():
        raise leases.LeaseLost
    if heart.cancel_requested.is_set():
        return _end(claim, State.CANCELLED)
    claim.release()  # the worker shuts down: the next one goes on from here
    return False


def _end(claim, state, *, cause="", hint="") -> bool:
    with claim.scope() as bulk:
        claim.release(**leases.ended(state=state, cause=cause, hint=hint))
        if state == State.CANCELLED:
            services.note(bulk, "bulk.cancelled", by=None)
        elif state == State.FAILED:
            services.note(bulk, "bulk.failed", by=None, cause=cause)
        else:
            answered = bulk.rows.filter(error="").count()
            counts = {"answered": answered, "total": bulk.files_total}
            services.note(bulk, "bulk.finished", by=None, **counts)
    return True
