"""What engagements cost so far, for lists: economics.py registers how to compute it."""

from collections.abc import Callable

Source = Callable[[object], int | None]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Let `source` answer the cost of an engagement so far in cents, or None if it has none."""
    if source not in _sources:
        _sources.append(source)


def total_cents(engagement) -> int | None:
    """Return the cost so far in cents; None: nothing was metered, or there is no rate card."""
    found = [cents for source in _sources if (cents := source(engagement)) is not None]
    return sum(found) if found else None
