"""Idempotency-Key: who asks the same again gets the same reply, from whichever process.

Kept in the database for a day, under the tenant's isolation like everything else of theirs. Only
clients that send the header pay for it: a transaction before the answer and one after.
"""

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.scoping import tenant_scope
from serving import metrics
from serving.database import with_database
from serving.models import StoredReply
from serving.protocols import Question, Reply
from serving.refusals import Refused, bad_field, come_back
from serving.system import Wanted

HEADER = b"idempotency-key"
CHARACTERS = 255
KEPT = timedelta(hours=24)
GRACE_SECONDS = 5  # between a request's deadline and our belief that its process is gone
FORGOTTEN_AT_ONCE = 100
ANSWER_SECONDS = 2.0  # how long a request waits for the database
log = logging.getLogger(__name__)


class Replies:
    """`once` belongs to the event loop; what it calls, to threads."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(2, "replies")

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def once(
        self,
        key: str,
        wanted: Wanted,
        question: tuple[str, Question],
        answer: Callable[[], Awaitable[Reply]],
        *,
        seconds: float,
    ) -> Reply:
        """Return `answer()`, or what it was the first time. Raises Refused: 409, 422, 503."""
        try:
            claim = await self._in_thread(_claim, key, wanted, question, seconds)
        except Exception as error:  # timed out, or whatever the database's trouble is
            log.warning("An idempotency key could not be looked up: %r", error)
            message = _("Idempotency keys cannot be checked right now: try again.")
            raise come_back(message, seconds=2) from None
        if isinstance(claim, Refused):
            raise claim
        if isinstance(claim, Reply):
            metrics.REPLAYED.inc()
            return claim
        try:
            reply = await answer()
        except Exception:
            await self._quietly(_forget, wanted, claim)  # a refusal is no reply: ask again
            raise
        await self._quietly(_keep, wanted, claim, reply)
        return reply

    async def _in_thread(self, work: Callable, *arguments):
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._pool, with_database, work, *arguments)
        return await asyncio.wait_for(running, ANSWER_SECONDS)

    async def _quietly(self, work: Callable, *arguments) -> None:
        """What cannot be noted lapses: the answer in hand is worth more."""
        try:
            await self._in_thread(work, *arguments)
        except Exception as error:
            log.warning("A reply could not be noted under its idempotency key: %r", error)


def key_of(headers: dict[bytes, bytes]) -> str:
    """The SHA-256 of the Idempotency-Key, or "". Raises Refused (422)."""
    given = headers.get(HEADER)
    if given is None:
        return ""
    if not 0 < len(given) <= CHARACTERS or not all(33 <= letter <= 126 for letter in given):
        limit = CHARACTERS
        raise bad_field("Idempotency-Key", _("must be 1 to %s visible ASCII characters.") % limit)
    return hashlib.sha256(given).hexdigest()


def _digest(address: str, asked: Question) -> str:
    """What is asked, not how it is written: a form's boundary differs each time it is sent."""
    told = repr((address, asked.top_k, asked.reference, asked.form, len(asked.images)))
    digest = hashlib.sha256(told.encode())
    for image in asked.images:
        digest.update(hashlib.sha256(image.data).digest())
    return digest.hexdigest()


def _claim(key: str, wanted: Wanted, question: tuple, seconds: float):
    """The right to answer (its id), the Reply there is, or why there is neither (Refused)."""
    sha256, now = _digest(*question), timezone.now()
    mine = StoredReply(
        tenant_id=wanted.tenant_id,
        endpoint_id=wanted.endpoint_id,
        key_sha256=key,
        question_sha256=sha256,
        answering_until=now + timedelta(seconds=seconds + GRACE_SECONDS),
    )
    with tenant_scope(wanted.tenant_id):
        _forget_old(wanted, now)
        StoredReply.objects.bulk_create([mine], ignore_conflicts=True)
        rows = StoredReply.objects.filter(endpoint_id=wanted.endpoint_id, key_sha256=key)
        found = rows.select_for_update(no_key=True).first()
        if found and found.pk == mine.pk:
            return mine.pk
        if found and found.question_sha256 != sha256:
            return Refused(422, _("This Idempotency-Key was used for another request before."))
        if found and found.body is not None:
            return _replayed(found)
        if found is None or found.answering_until > now:
            return _in_flight()
        rows.update(answering_until=mine.answering_until)  # its process did not live to answer
        return found.pk


def _forget_old(wanted: Wanted, now) -> None:
    """Each new key takes some expired ones of its endpoint along."""
    rows = StoredReply.objects.filter(endpoint_id=wanted.endpoint_id, at__lt=now - KEPT)
    free = rows.select_for_update(skip_locked=True).values_list("pk", flat=True)
    if old := list(free[:FORGOTTEN_AT_ONCE]):
        StoredReply.objects.filter(pk__in=old).delete()


def _replayed(found: StoredReply) -> Reply:
    headers = [(name.encode(), value.encode()) for name, value in found.headers]
    return Reply(bytes(found.body), [*headers, (b"idempotency-replayed", b"true")])


def _in_flight() -> Refused:
    message = _("The request with this Idempotency-Key is still being answered: try again.")
    return Refused(409, message, headers=[(b"retry-after", b"1")])


def _keep(wanted: Wanted, claim: uuid.UUID, reply: Reply) -> None:
    headers = [(name.decode(), value.decode()) for name, value in reply.headers]
    with tenant_scope(wanted.tenant_id):
        unanswered = StoredReply.objects.filter(pk=claim, body=None)
        unanswered.update(body=reply.body, headers=headers)


def _forget(wanted: Wanted, claim: uuid.UUID) -> None:
    with tenant_scope(wanted.tenant_id):
        StoredReply.objects.filter(pk=claim, body=None).delete()
