"""Keeps what clients sent, for review and for the next dataset version; off the answer's path."""

import logging
import threading
import time
from collections import OrderedDict, deque
from math import inf

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from serving import metrics
from serving.inputs import suffix, without_metadata

PENDING_BYTES = 64_000_000
REMEMBERED, REMEMBERED_SECONDS = 10_000, 3600  # retention may remove what was kept long ago
PAUSE_SECONDS, TRIES = 1.0, 5
SAY_EVERY_SECONDS = 10.0
log = logging.getLogger(__name__)


class Keeper:
    """A thread that writes inputs to storage; what cannot be kept is counted and said aloud."""

    def __init__(self):
        self._pending: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._saved: OrderedDict[str, float] = OrderedDict()
        self._changed = threading.Condition()
        self._closing = False
        self._said_at = 0.0
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, seconds: float) -> None:
        """Write what is pending, for at most so long."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(seconds)
        if self._pending:
            self._give_up(len(self._pending), "the server stopped first")

    def keep(self, tenant_id, sha256: str, data: bytes) -> str:
        """Take an input over; returns its storage key, or "" when too much is pending already."""
        key = f"tenants/{tenant_id}/inputs/{sha256}.{suffix(data)}"
        with self._changed:
            if self._saved.get(key, -inf) > time.monotonic() - REMEMBERED_SECONDS:
                return key
            if self._bytes + len(data) > PENDING_BYTES:
                self._give_up(1, "storage cannot keep up")
                return ""
            self._remember(key)
            self._pending.append((key, data))
            self._bytes += len(data)
            self._changed.notify()
        return key

    def _remember(self, key: str) -> None:
        self._saved[key] = time.monotonic()
        if len(self._saved) > REMEMBERED:
            self._saved.popitem(last=False)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._pending and not self._closing:
                    self._changed.wait()
                if not self._pending:
                    return
                key, data = self._pending[0]  # stays until it is written
            self._save(key, data)
            with self._changed:
                self._pending.popleft()
                self._bytes -= len(data)

    def _save(self, key: str, data: bytes) -> None:
        for attempt in range(TRIES):
            try:
                if not default_storage.exists(key):
                    default_storage.save(key, ContentFile(without_metadata(data)))
                return
            except Exception as error:  # storage away; a picture that cannot be stripped
                trouble = error
                if isinstance(error, ValueError) or self._closing:
                    break
                time.sleep(PAUSE_SECONDS * 2**attempt)
        self._saved.pop(key, None)
        self._give_up(1, repr(trouble))

    def _give_up(self, count: int, why: str) -> None:
        metrics.NOT_KEPT.inc(count)
        if time.monotonic() - self._said_at > SAY_EVERY_SECONDS:
            self._said_at = time.monotonic()
            log.error("%s input(s) could not be kept: %s", count, why)
