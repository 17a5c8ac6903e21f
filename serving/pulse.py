"""What each endpoint's requests came to in the last minute: for its live page."""

import time
from collections import Counter, deque
from uuid import UUID

from serving.batcher import Batcher

WINDOW_SECONDS = 60
QUIET_AT_MOST = 5_000  # endpoints remembered


class Pulse:
    """What this process saw. Belongs to the event loop; one counter a second and endpoint, by HTTP
    status."""

    def __init__(self, batcher: Batcher):
        self._batcher = batcher
        self._seconds: dict[UUID, deque[tuple[int, Counter]]] = {}

    def count(self, endpoint_id: UUID, status: int) -> None:
        """Count what became of a request."""
        self._this_second(endpoint_id)[status] += 1

    def of(self, endpoint_id: UUID) -> dict:
        """The last minute of an endpoint, and how busy the process is, as plain data."""
        since = int(time.monotonic()) - WINDOW_SECONDS
        statuses = Counter()
        for second, counted in self._seconds.get(endpoint_id, ()):
            if second > since:
                statuses.update(counted)
        runs = [images for at, images in list(self._batcher.runs) if at > since]
        return {
            "statuses": {str(status): n for status, n in statuses.items()},
            "waiting": len(self._batcher.waiting),
            "queue_at_most": self._batcher.queue_at_most,
            "runs": len(runs),
            "images": sum(runs),
        }

    def _this_second(self, endpoint_id: UUID) -> Counter:
        now = int(time.monotonic())
        seconds = self._seconds.get(endpoint_id)
        if seconds is None:
            if len(self._seconds) >= QUIET_AT_MOST:
                self._seconds.clear()
            seconds = self._seconds[endpoint_id] = deque(maxlen=WINDOW_SECONDS)
        if not seconds or seconds[-1][0] != now:
            seconds.append((now, Counter()))
        return seconds[-1][1]


def together(pulses: list[dict]) -> dict:
    """Add up what several processes saw of the same endpoint."""
    statuses = Counter()
    for pulse in pulses:
        statuses.update(pulse["statuses"])
    added = ("waiting", "queue_at_most", "runs", "images")
    sums = {name: sum(pulse[name] for pulse in pulses) for name in added}
    images = sums.pop("images")
    return {
        "processes": len(pulses),
        "window_seconds": WINDOW_SECONDS,
        "statuses": dict(sorted(statuses.items())),
        **sums,
        "images_a_run": round(images / sums["runs"], 2) if sums["runs"] else None,
    }
