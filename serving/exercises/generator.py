"""A bounded stream of requests at a steady pace, and the tally of what came back. No Django.

Requests are due at fixed moments, whatever became of those before (an open loop); a latency counts
from the moment a request was due, so that waiting for a free connection is not left out
("coordinated omission", Gil Tene).
"""

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

ANSWERED, REFUSED, ERROR = "answered", "refused", "errors"
REFUSALS = (429, 503)
ANSWER_SECONDS = 30


class Result(NamedTuple):
    """What became of one request."""

    second: int  # since the start, in which it was due
    outcome: str
    latency_ms: float
    version: int | None


class Stream:
    """Sends `images` in turn to `url`, `per_second` of them for `seconds`, `at_once` at most.

    `headers` makes those of each request anew. `results` grows while it runs.
    """

    def __init__(
        self,
        url: str,
        images: list[bytes],
        headers: Callable[[], dict],
        *,
        per_second: int,
        seconds: int,
        at_once: int,
    ):
        self.url, self.images, self.headers = urlsplit(url), images, headers
        self.per_second, self.planned = per_second, per_second * seconds
        self.results: list[Result] = []
        self._next, self._lock, self._stopped = 0, threading.Lock(), threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"load-{n}", daemon=True)
            for n in range(at_once)
        ]

    def start(self) -> None:
        self.began = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send nothing further; what is under way still gets its answer."""
        self._stopped.set()

    def ended_within(self, seconds: float) -> bool:
        """Wait up to so long, and return whether all is answered."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def took_seconds(self) -> float:
        return time.monotonic() - self.began

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self.url.netloc, timeout=ANSWER_SECONDS)
        while (number := self._take()) is not None:
            due = self.began + number / self.per_second
            if self._stopped.wait(max(0.0, due - time.monotonic())):
                break
            outcome, version = self._ask(connection, self.images[number % len(self.images)])
            latency = (time.monotonic() - due) * 1000
            self.results.append(Result(number // self.per_second, outcome, latency, version))
        connection.close()

    def _take(self) -> int | None:
        with self._lock:
            if self._next >= self.planned or self._stopped.is_set():
                return None
            self._next += 1
            return self._next - 1

    def _ask(self, connection, image: bytes) -> tuple[str, int | None]:
        try:
            connection.request("POST", self.url.path, image, self.headers())
            response = connection.getresponse()
            body = response.read()
            if response.status == 200:
                return ANSWERED, json.loads(body)["model_version"]
            return (REFUSED if response.status in REFUSALS else ERROR), None
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            connection.close()  # the next request opens it anew
            return ERROR, None


def tally(results: list[Result], *, limit_ms: int | None) -> dict:
    """Sum up what came back so far; latencies are those of the answers alone."""
    results = list(results)  # it grows meanwhile
    counts = Counter(one.outcome for one in results)
    answers = [one for one in results if one.outcome == ANSWERED]
    latencies = sorted(one.latency_ms for one in answers)
    in_time = latencies if limit_ms is None else [ms for ms in latencies if ms <= limit_ms]
    return {
        "sent": len(results),
        ANSWERED: len(answers),
        REFUSED: counts[REFUSED],
        ERROR: counts[ERROR],
        "within_limit": len(in_time),
        "p50_ms": percentile(latencies, 50),
        "p95_ms": percentile(latencies, 95),
        "p99_ms": percentile(latencies, 99),
        "by_second": _by_second(results),
        "versions": dict(Counter(str(one.version) for one in answers)),
    }


def percentile(ordered: list[float], share: int) -> float | None:
    """The percentile of ordered values, linear between them (as numpy's default is)."""
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    return statistics.quantiles(ordered, n=100, method="inclusive")[share - 1]


def _by_second(results: list[Result]) -> list[dict]:
    """What became of the requests that were due in each second."""
    seconds: dict[int, list[Result]] = {}
    for one in results:
        seconds.setdefault(one.second, []).append(one)
    return [{"second": second, **_counts(group)} for second, group in sorted(seconds.items())]


def _counts(group: list[Result]) -> dict:
    counts = Counter(one.outcome for one in group)
    latencies = sorted(one.latency_ms for one in group if one.outcome == ANSWERED)
    p95 = percentile(latencies, 95)
    named = {outcome: counts[outcome] for outcome in (ANSWERED, REFUSED, ERROR)}
    return named | {"p95_ms": p95 and round(p95, 2)}
