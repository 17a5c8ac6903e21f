"""When the list of deployments is to be read again: it may be long, and changes seldom.

PostgreSQL tells of every change to it (NOTIFY, by triggers on its tables).
"""

import math
import time
from collections.abc import Callable

from django.db import connection

CHANNEL = "lepton_deployments"
REREAD_SECONDS = 30.0  # in case a notice got lost, as in a proxy that pools connections
PAUSE = 4.0  # times as long as reading took: what changes all the time is read seldom


class News:
    """Belongs to one thread and its connection."""

    def __init__(self):
        self._heard_on = None
        self._is_told = True
        self._read_at, self._not_before = -math.inf, 0.0

    def listen(self) -> None:
        """Hear what changes from now on; before a connection's first time nobody listened."""
        connection.ensure_connection()
        if connection.connection is not self._heard_on:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._heard_on, self._is_told = connection.connection, True

    @property
    def is_due(self) -> bool:
        now = time.monotonic()
        return (self._is_told and now >= self._not_before) or now > self._read_at + REREAD_SECONDS

    def read(self, read: Callable[[], None]) -> None:
        """Read by `read`; what changes meanwhile is news again."""
        began, self._is_told = time.monotonic(), False
        read()
        self._read_at = time.monotonic()
        self._not_before = self._read_at + (self._read_at - began) * PAUSE

    def wait(self, seconds: float) -> None:
        """Wait for so long at most, or until there is something to read."""
        if self._is_told:
            seconds = min(seconds, max(0.0, self._not_before - time.monotonic()))
        for _notice in connection.connection.notifies(timeout=seconds, stop_after=1):
            self._is_told = True
