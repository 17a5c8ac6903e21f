"""How much a client may ask: images a second for each key, requests at once for each tenant.

Granted from memory, so that no request waits for a count. What other processes granted a key is
charged to it here soon after (`serving.peers`), so that it gets its rate once, whoever answers;
requests at once are counted in each process.
"""

import math
import time
from collections import defaultdict
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext as _

from serving import metrics
from serving.refusals import Refused

BURST_SECONDS = 5  # a key that was quiet may send this much of its quota at once
HOLDERS_AT_MOST = 10_000


class Bucket:
    """What a key has left, in images, at a moment of time.monotonic(); below zero is debt."""

    __slots__ = ("at", "left")

    def __init__(self, left: float, at: float):
        self.left, self.at = left, at


class Quotas:
    """Belongs to the event loop."""

    def __init__(self, *, images_per_second: float | None = None, in_flight: int | None = None):
        self.rate = images_per_second or settings.LEPTON_KEY_IMAGES_PER_SECOND
        self.in_flight = in_flight or settings.LEPTON_TENANT_IN_FLIGHT
        self.burst = max(self.rate * BURST_SECONDS, 1)
        self._buckets: dict[str, Bucket] = {}
        self._granted: defaultdict[str, int] = defaultdict(
            int
        )  # images, since the other processes were told
        self._busy: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def request(self, caller, tenant: str):
        """Grant one request and its first image. Raises Refused (429)."""
        if self._busy[tenant] >= self.in_flight:
            metrics.LIMITED.labels("tenant_in_flight").inc()
            message = _("This tenant has %s requests in flight already: wait for their answers.")
            raise _too_many(message % self.in_flight, 1)
        self._take(caller.holder)
        self._busy[tenant] += 1
        try:
            yield
        finally:
            self._busy[tenant] -= 1
            if not self._busy[tenant]:
                del self._busy[tenant]

    def charge(self, caller, images: int) -> None:
        """Count the images beyond the first; what is not there is owed."""
        if images:
            self._grant(caller.holder, images)

    def take_granted(self) -> dict[str, int]:
        """Return how many images each holder was granted here since the last time."""
        granted, self._granted = self._granted, defaultdict(int)
        return granted

    def charge_for_others(self, granted: dict[str, int]) -> None:
        """Count what another process granted."""
        for holder, images in granted.items():
            self._bucket(holder).left -= images

    def _grant(self, holder: str, images: int) -> None:
        self._bucket(holder).left -= images
        self._granted[holder] += images

    def _take(self, holder: str) -> None:
        bucket, now = self._bucket(holder), time.monotonic()
        bucket.left = min(bucket.left + (now - bucket.at) * self.rate, self.burst)
        bucket.at = now
        if bucket.left < 1:
            metrics.LIMITED.labels("key_rate").inc()
            seconds = math.ceil((1 - bucket.left) / self.rate)
            message = _("This key may send %s images a second: slow down.")
            raise _too_many(message % f"{self.rate:g}", seconds)
        self._grant(holder, 1)

    def _bucket(self, holder: str) -> Bucket:
        bucket = self._buckets.get(holder)
        if bucket is None:
            if len(self._buckets) >= HOLDERS_AT_MOST:
                self._forget_the_quiet()
            bucket = self._buckets[holder] = Bucket(self.burst, time.monotonic())
        return bucket

    def _forget_the_quiet(self) -> None:
        """Who has not asked for so long has all of the quota again, like a newcomer."""
        before = time.monotonic() - BURST_SECONDS * 2
        kept = {holder: one for holder, one in self._buckets.items() if one.at > before}
        self._buckets = kept


def _too_many(error: str, seconds: int) -> Refused:
    return Refused(429, error, headers=[(b"retry-after", str(max(seconds, 1)).encode())])
