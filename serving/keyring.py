"""The data plane's memory of API keys: no request waits for the database for a key it knows.

A thread asks again for every key in use once a second, so that a revocation is felt at once.
What could not be confirmed for TRUST_SECONDS is not believed any more.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext as _

from accounts import keys
from accounts.system import KeyFacts
from serving.database import with_database
from serving.refusals import come_back, unauthenticated
from serving.system import api_keys

TRUST_SECONDS = 4.0
REFRESH_SECONDS = 1.0
ANSWER_SECONDS = 5.0  # how long a request waits for the database about a key not known yet
ASKERS = 2  # threads, each with a connection of its own
FORGET_SECONDS = 600.0  # a key unused for so long is not asked about any more
UNKNOWN_SECONDS, UNKNOWN_AT_MOST = 2.0, 5_000
ASKED_AT_MOST = 200
NOBODYS = keys.digest("")
log = logging.getLogger(__name__)


class Entry:
    """A key as the database had it at `confirmed_at` (monotonic seconds)."""

    __slots__ = ("confirmed_at", "expires_at", "facts", "used_at")

    def __init__(self, facts: KeyFacts, confirmed_at: float):
        self.used_at = confirmed_at
        self.confirm(facts, confirmed_at)

    def confirm(self, facts: KeyFacts, at: float) -> None:
        self.facts = facts
        self.expires_at = facts.expires_at.timestamp() if facts.expires_at else float("inf")
        self.confirmed_at = at


class Keyring:
    """`check` belongs to the event loop; everything else to threads."""

    def __init__(self):
        self.known: dict[str, Entry] = {}
        self.unknown: dict[str, float] = {}
        self.asked: dict[str, asyncio.Task] = {}
        self.pool = ThreadPoolExecutor(ASKERS, "keys")
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._keep_fresh, name="keyring", daemon=True)

    def start(self) -> None:
        self.thread.start()
        for _asker in range(ASKERS):  # connected before the first request needs it
            self.pool.submit(with_database, api_keys, [NOBODYS])

    def stop(self) -> None:
        self.stopped.set()
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def check(self, key: str) -> KeyFacts:
        """Return what a presented key may do. Raises Refused: 401, or 503 if nobody can say."""
        digest, now = keys.digest(key), time.monotonic()
        entry = self.known.get(digest)
        if entry is None or now - entry.confirmed_at > TRUST_SECONDS:
            if entry is None and not keys.is_well_formed(key):
                raise unauthenticated(_("This is not a Lepton API key: check that it is complete."))
            entry = await self._ask_once(digest)
        if entry is None:
            raise unauthenticated(_("This API key is not known here."))
        entry.used_at = now
        if entry.facts.revoked_at:
            raise unauthenticated(_("This API key was revoked. Ask for a new one."))
        if entry.expires_at <= time.time():
            raise unauthenticated(_("This API key has expired. Ask for a new one."))
        return entry.facts

    async def _ask_once(self, digest: str) -> Entry | None:
        """Ask the database, once however many requests wait for the same key."""
        if self.unknown.get(digest, 0) > time.monotonic():
            return None
        task = self.asked.get(digest)
        if task is None:
            if len(self.asked) >= ASKED_AT_MOST:
                raise come_back(_("Too many unknown keys at once: try again."))
            task = self.asked[digest] = asyncio.create_task(self._ask(digest))
            task.add_done_callback(lambda done: self._asked(digest, done))
        try:
            return await asyncio.wait_for(asyncio.shield(task), ANSWER_SECONDS)
        except Exception:  # timed out, or whatever the database's trouble is
            raise come_back(
                _("API keys cannot be checked right now: try again."), seconds=2
            ) from None

    async def _ask(self, digest: str) -> Entry | None:
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.pool, with_database, api_keys, [digest])
        if (seconds := time.monotonic() - began) > ANSWER_SECONDS:
            log.warning("A key was looked up in %.1f s: who asked had been sent away.", seconds)
        if digest not in found:
            self.known.pop(digest, None)
            self._note_unknown(digest)
            return None
        return self._confirm(digest, found[digest], began)

    def _asked(self, digest: str, task: asyncio.Task) -> None:
        self.asked.pop(digest, None)
        if not task.cancelled() and task.exception():
            log.warning("A key could not be looked up: %s", task.exception())

    def _note_unknown(self, digest: str) -> None:
        now = time.monotonic()
        if len(self.unknown) >= UNKNOWN_AT_MOST:
            self.unknown.clear()
        self.unknown[digest] = now + UNKNOWN_SECONDS

    def _confirm(self, digest: str, facts: KeyFacts, at: float) -> Entry:
        entry = self.known.get(digest)
        if entry is None:
            entry = self.known[digest] = Entry(facts, at)
        elif at > entry.confirmed_at:
            entry.confirm(facts, at)
        return entry

    def _keep_fresh(self) -> None:
        works = True
        while not self.stopped.wait(REFRESH_SECONDS):
            try:
                with_database(self.refresh)
                works = True
            except Exception as error:
                if works:  # said once an outage
                    log.warning("API keys cannot be confirmed: %s", error)
                works = False

    def refresh(self) -> None:
        """Ask the database about every key in use; forget the others and those that are gone."""
        began = time.monotonic()
        for digest, entry in list(self.known.items()):
            if began - entry.used_at > FORGET_SECONDS:
                self.known.pop(digest, None)
        digests = list(self.known)
        found = api_keys(digests)
        for digest in digests:
            if digest in found:
                self._confirm(digest, found[digest], began)
            else:
                self.known.pop(digest, None)
