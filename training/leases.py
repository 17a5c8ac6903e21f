"""Leases: the row is the job, one worker at a time holds it, and who lost it changes nothing."""

import logging
import os
import socket
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import system
from accounts.scoping import tenant_scope
from training import shutdown

log = logging.getLogger(__name__)

MODELS = {"run": "training.Run", "import": "training.Import"}  # by kind; apps above add theirs
MOST_CRASHES = 3
CRASHED_CAUSE = gettext_noop("The worker was lost three times at the same point.")
CRASHED_HINT = gettext_noop(
    "Most often memory ran out: look into the worker's log, then try again with less at once."
)
BROKE_OFF_HINT = gettext_noop(
    "This was not foreseen: the log has the details. Try again, or ask for help with them."
)
STALLED_CAUSE = gettext_noop("Nothing moved for too long, so the worker was ended.")
CANCEL_POLL_SECONDS = 1.0


class LeaseLost(Exception):
    """Another worker holds the row now, or it has ended: stop without a word."""


@dataclass(frozen=True)
class Claim:
    """The right to work on one row until the lease runs out."""

    model: type[models.Model]
    id: uuid.UUID
    tenant_id: uuid.UUID
    attempt: int
    crashes: int
    worker: str

    @property
    def exhausted(self) -> bool:
        """Whether it crashed so often without a new checkpoint that it should be failed."""
        return self.crashes >= MOST_CRASHES

    @contextmanager
    def scope(self):
        """One transaction in the tenant's scope with the row locked for us. Raises LeaseLost."""
        with tenant_scope(self.tenant_id):
            row = self._mine().select_for_update(no_key=True).first()
            if row is None:
                raise LeaseLost
            yield row

    def write(self, **changes) -> None:
        """Change the row if it is still ours. Raises LeaseLost."""
        with tenant_scope(self.tenant_id):
            if not self._mine().update(**changes):
                raise LeaseLost

    def checkpointed(self, **changes) -> None:
        """Note that work was made safe: earlier crashes no longer count. Raises LeaseLost."""
        self.write(crashes=0, **changes)

    def release(self, **changes) -> None:
        """Give the row back, ended or to be continued. Raises LeaseLost."""
        self.write(claimed_by="", lease_expires_at=None, **changes)

    def drop(self, error: Exception) -> None:
        """Let go after an unforeseen error: it counts as a crash and is tried again later."""
        cause = f"{type(error).__name__}: {error}"[:1000]
        with suppress(LeaseLost):
            self.write(lease_expires_at=Now() + _lease() / 9, cause=cause, hint=BROKE_OFF_HINT)

    def extend(self) -> bool:
        """Renew the lease; return whether a cancel was asked for. Raises LeaseLost."""
        with tenant_scope(self.tenant_id):
            if not self._mine().update(lease_expires_at=Now() + _lease()):
                raise LeaseLost
            return self._mine().filter(cancel_requested_at__isnull=False).exists()

    def pause(self, seconds: float, **changes) -> None:
        """Put the row off without counting a crash; a worker goes on later. Raises LeaseLost."""
        until = Now() + timedelta(seconds=seconds)
        self.write(claimed_by="", lease_expires_at=until, **changes)

    def cancel_requested(self) -> bool:
        """Return whether a cancel was asked for. Raises LeaseLost."""
        with tenant_scope(self.tenant_id):
            asked = self._mine().values_list("cancel_requested_at", flat=True).first()
            if asked is None and not self._mine().exists():
                raise LeaseLost
            return asked is not None

    def _mine(self):
        rows = self.model.objects
        return rows.filter(pk=self.id, attempt=self.attempt, claimed_by=self.worker)


class Heart:
    """Keeps a claim alive from a thread of its own: `with Heart(claim) as heart: …`.

    `lost` is set when the lease is gone, `cancel_requested` when somebody cancelled. Whoever works
    says `moved()` when something was done; after LEPTON_STALL_SECONDS without, the process ends,
    since a thread that hangs cannot be stopped otherwise, and the row counts as crashed.
    """

    def __init__(self, claim: Claim):
        self.claim, self._moved = claim, time.monotonic()
        self.lost, self.cancel_requested = threading.Event(), threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_done, name="heart", daemon=True)

    def __enter__(self):
        self._renewed = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self._thread.join()

    def moved(self) -> None:
        """Note that the work goes on."""
        self._moved = time.monotonic()

    def should_stop(self) -> bool:
        """Whether to stop at the next safe point: lost, cancelled, or the worker shuts down."""
        return self.lost.is_set() or self.cancel_requested.is_set() or shutdown.asked()

    def _beat_until_done(self):
        pause = min(CANCEL_POLL_SECONDS, settings.LEPTON_HEARTBEAT_SECONDS)
        try:
            while not self._done.wait(pause) and not self.lost.is_set():
                self._beat()
        finally:
            connection.close()

    def _beat(self):
        if time.monotonic() - self._moved > settings.LEPTON_STALL_SECONDS:
            return self._give_up()
        silent = time.monotonic() - self._renewed
        try:
            if silent < settings.LEPTON_HEARTBEAT_SECONDS:
                cancelled = self.claim.cancel_requested()
            else:
                cancelled = self.claim.extend()
                self._renewed = time.monotonic()
        except LeaseLost:
            self.lost.set()
        except DatabaseError as error:
            log.warning("Could not reach the database to renew a lease: %s", error)
            connection.close()
            if silent > settings.LEPTON_LEASE_SECONDS:
                self.lost.set()
        else:
            if cancelled:
                self.cancel_requested.set()

    def _give_up(self):
        log.critical("%s has stood still for too long: this process ends", self.claim.id)
        with suppress(LeaseLost, DatabaseError):
            self.claim.write(lease_expires_at=Now(), cause=STALLED_CAUSE, hint=BROKE_OFF_HINT)
        end_process()


def end_process() -> None:
    """End this process at once; whoever started it starts another."""
    os._exit(os.EX_SOFTWARE)


def register(kind: str, model: str) -> None:
    """Let workers claim rows of an app above, through its `lepton_claim_<kind>`."""
    MODELS[kind] = model


def claim(kind: str, worker: str) -> Claim | None:
    """Claim the next row of a kind ("run" or "import") for a worker, fairly between tenants.

    The tenant that holds the fewest workers comes first, among equals the one whose last turn was
    longest ago, so a long queue of one makes another wait for one row at most.
    """
    most = settings.LEPTON_TENANT_RUNS if kind == "run" else 0
    rows = system.call(f"lepton_claim_{kind}", worker, settings.LEPTON_LEASE_SECONDS, most)
    return Claim(apps.get_model(MODELS[kind]), *rows[0], worker=worker) if rows else None


def claimable() -> list[str]:
    """Return the kinds of which some row waits for a worker."""
    return [kind for (kind,) in system.call("lepton_claimable")]


def work_off(kind: str, carry_out) -> int:
    """Claim and carry out rows until none is left or the worker shuts down; return how many."""
    worker, done = f"{socket.gethostname()[:80]}:{os.getpid()}", 0
    while not shutdown.asked() and (mine := claim(kind, worker)):
        done += 1
        try:
            carry_out(mine)
        except LeaseLost:
            log.warning("Lost the lease of %s %s: another worker has it", kind, mine.id)
        except Exception as error:
            log.exception("%s %s broke off in attempt %s", kind, mine.id, mine.attempt)
            mine.drop(error)
    return done


def why_given_up(row) -> tuple[str, str]:
    """Return cause and hint of a row that crashed too often: its last error where one is known."""
    return (row.cause, row.hint) if row.cause else (CRASHED_CAUSE, CRASHED_HINT)


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEPTON_LEASE_SECONDS)


def ended(**changes) -> dict:
    """The changes that end a row, for `release`."""
    return {"finished_at": timezone.now(), **changes}
