"""A circuit breaker per model: one whose runs keep raising is left alone for a while.

Whoever asks it is told at once when to come back, instead of waiting for the next failure, and
the other models keep the workers. After the pause one request tries it again.
"""

import math
import time
from uuid import UUID

from serving import metrics

FAILURES = 5  # one after the other
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0


class Breaker:
    """What a model version did lately."""

    __slots__ = ("closed_at", "failures", "pause")

    def __init__(self):
        self.failures, self.pause, self.closed_at = 0, FIRST_PAUSE_SECONDS, 0.0


class Breakers:
    """By model version; `clock` gives seconds. Simple steps only, so any thread may call it."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._by_version: dict[UUID, Breaker] = {}

    def pause_of(self, version_id: UUID) -> int:
        """The whole seconds for which the model is to be left alone; 0: ask it."""
        breaker = self._by_version.get(version_id)
        if breaker is None or breaker.failures < FAILURES:
            return 0
        left = breaker.closed_at - self._clock()
        if left > 0:
            return max(1, math.ceil(left))
        breaker.closed_at = self._clock() + breaker.pause  # this request tries, the others wait
        return 0

    def failed(self, version_id: UUID) -> None:
        """Count a run that raised."""
        breaker = self._by_version.setdefault(version_id, Breaker())
        breaker.failures += 1
        if breaker.failures < FAILURES:
            return
        if breaker.failures == FAILURES:
            metrics.TAKEN_OUT.inc()
        else:
            breaker.pause = min(breaker.pause * 2, LONGEST_PAUSE_SECONDS)
        breaker.closed_at = self._clock() + breaker.pause

    def answered(self, version_id: UUID) -> None:
        """Forget what was; called for every answer, so it costs one look-up."""
        if self._by_version:
            self._by_version.pop(version_id, None)
