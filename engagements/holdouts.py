"""Holdouts and what was measured on them: an upper app registers how to look them up."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from engagements.figures import Measured


class Holdout(NamedTuple):
    """Rows kept apart for judging, known by the sha256 over their sorted contents and labels."""

    sha256: str
    label: str
    counts: dict[str, int]  # {class: images}


class Candidate(NamedTuple):
    """A model version and its figures on one holdout."""

    id: uuid.UUID
    label: str
    url: str
    measured_at: datetime
    holdout_sha256: str
    n: int
    correct: int
    macro_f1: Measured
    recalls: dict[str, tuple[int, int]]  # {class: (found, given)}
    macro_auc: Measured | None = None  # where a class has no or every row


class Source(NamedTuple):
    """How an app answers for an engagement; the newest comes first."""

    holdouts: Callable[..., list[Holdout]]
    candidates: Callable[..., list[Candidate]]


# (engagement, candidate id, limit in ms) -> (answers within the limit, answers)
Latency = Callable[..., tuple[int, int]]
_sources: list[Source] = []
_latencies: list[Latency] = []


def register(*, holdouts, candidates) -> None:
    """Let an app name the holdouts of an engagement and the model versions measured on them."""
    source = Source(holdouts, candidates)
    if source not in _sources:
        _sources.append(source)


def register_latency(source: Latency) -> None:
    """Let an app count how many of a model version's answers came within a limit."""
    if source not in _latencies:
        _latencies.append(source)


def of(engagement) -> list[Holdout]:
    """Return the holdouts of an engagement, the newest first, each once."""
    found = [one for source in _sources for one in source.holdouts(engagement)]
    return list({one.sha256: one for one in reversed(found)}.values())[::-1]


def candidates(engagement) -> list[Candidate]:
    """Return what was measured on any holdout of an engagement, the newest first."""
    return [one for source in _sources for one in source.candidates(engagement)]


def latency(engagement, candidate_id, limit_ms) -> tuple[int, int]:
    """Return how many of a model version's answers came within `limit_ms`, and of how many."""
    counts = [source(engagement, candidate_id, limit_ms) for source in _latencies]
    return sum(within for within, _n in counts), sum(n for _within, n in counts)
