"""Counts the requests that got no prediction, per endpoint and status, behind the answer."""

import logging
import threading
import uuid
from collections import Counter
from datetime import UTC, datetime

from django.db import IntegrityError, connection

from accounts.scoping import tenant_scope

SECONDS = 300
log = logging.getLogger(__name__)
ADD = """
INSERT INTO serving_refusedtally (id, tenant_id, endpoint_id, since, status, n)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (endpoint_id, since, status) DO UPDATE SET n = serving_refusedtally.n + excluded.n
"""


class RefusedLog:
    """`count` belongs to the event loop, `flush` to the thread of the log."""

    def __init__(self):
        self._counts: Counter = Counter()
        self._changing = threading.Lock()

    @property
    def has_any(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._counts)

    def count(self, wanted, status: int) -> None:
        """Count a request that ended in a refusal or an error."""
        now = int(datetime.now(UTC).timestamp()) // SECONDS * SECONDS
        since = datetime.fromtimestamp(now, UTC)
        with self._changing:
            self._counts[wanted.tenant_id, wanted.endpoint_id, since, status] += 1

    def flush(self) -> None:
        """Write what was counted; what cannot be written is kept for the next time."""
        with self._changing:
            counts, self._counts = self._counts, Counter()
        try:
            for key in list(counts):
                _write(*key, counts[key])
                del counts[key]
        finally:
            with self._changing:
                self._counts.update(counts)


def _write(tenant_id, endpoint_id, since, status, n):
    try:
        with tenant_scope(tenant_id), connection.cursor() as cursor:
            cursor.execute(ADD, [uuid.uuid4(), tenant_id, endpoint_id, since, status, n])
    except IntegrityError as error:  # the endpoint is gone
        log.warning("%s refused requests are not counted: %s", n, error)
