"""What practice keys ask: answered like everything else, but counted, kept and limited apart.

Nothing of it reaches the log of predictions, so no figure, cost or alert can count it. Each call
is written before its reply goes out: whoever practises is not in a hurry.
"""

import asyncio
import hashlib
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext as _

from accounts import usage
from accounts.scoping import tenant_scope
from enablement import practice
from enablement.models import PracticeAnswer
from engagements.models import Engagement
from serving.database import with_database
from serving.quotas import Quotas
from serving.refusals import Refused, come_back

IMAGES_PER_SECOND = 1  # low, so that being throttled can be practised in seconds
IN_FLIGHT = 2
WRITE_SECONDS = 4.0
UNWRITTEN_AT_MOST = 20


class Trainee:
    """The caller of one practice request, and what it was answered."""

    is_practice, user_id = True, None

    def __init__(self, facts):
        self.key_id, self.tenant_id, self.holder = facts.key_id, facts.tenant_id, facts.holder
        self.answers = []

    def note(self, answer, reference: str) -> None:
        """Remember an answer to be written with its call."""
        best = answer.ranked(1)[0]
        self.answers.append(
            PracticeAnswer(
                id=answer.prediction_id,
                tenant_id=self.tenant_id,
                classes=answer.model.classes,
                label=best["label"],
                score=best["score"],
                reference=reference,
            )
        )

    def own(self, key: str) -> str:
        """Its idempotency keys are its own: never those of the customer's programs."""
        return key and hashlib.sha256(f"{self.key_id} {key}".encode()).hexdigest()


class Practice:
    """Belongs to the event loop; the writing, to a thread."""

    def __init__(self):
        self.quotas = Quotas(images_per_second=IMAGES_PER_SECOND, in_flight=IN_FLIGHT)
        self._pool = ThreadPoolExecutor(1, "practice")
        self._unwritten = 0

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def seen(self, trainee: Trainee, place, address: str, answering: Coroutine):
        """Return what `answering` does (status, headers, body), once it is written what was seen.

        Raises Refused: its own, or 503 if it cannot be written.
        """
        try:
            status, headers, body = await answering
        except Refused as refused:
            wait = dict(refused.headers).get(b"retry-after")
            facts = {"status": refused.status, "retry_after_seconds": wait and int(wait)}
            await self._write(trainee, place, address=address, **facts)
            raise
        is_replay = (b"idempotency-replayed", b"true") in headers
        await self._write(trainee, place, address=address, status=status, is_replay=is_replay)
        return status, headers, body

    async def _write(self, trainee, place, **facts):
        message = _("Practice cannot be written down right now: try again.")
        if self._unwritten >= UNWRITTEN_AT_MOST:
            raise come_back(message, seconds=2)
        loop = asyncio.get_running_loop()
        work = (with_database, _note, trainee, place.wanted.endpoint_id, facts)
        self._unwritten += 1
        try:
            await asyncio.wait_for(loop.run_in_executor(self._pool, *work), WRITE_SECONDS)
        except Exception:  # timed out, or whatever the database's trouble is
            raise come_back(message, seconds=2) from None
        finally:
            self._unwritten -= 1


def _note(trainee, endpoint_id, facts):
    with tenant_scope(trainee.tenant_id):
        engagement = Engagement.objects.get(endpoints=endpoint_id)
        practice.note_call(engagement, api_key_id=trainee.key_id, answers=trainee.answers, **facts)
    usage.note_use(trainee)
