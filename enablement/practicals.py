"""Practicals: things to do on one's own endpoint, which the server verifies from what it saw.

Registered by the app that owns the rows; nobody ticks a box:
def find(engagement, user) -> Seen | None: …
practicals.register("serving.rolled_back", _("Roll back"), _("…"), find, page="serving:endpoint")
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Seen(NamedTuple):
    """When the server saw somebody do it, and the numbers that say so."""

    at: datetime
    evidence: dict = {}


class Practical(NamedTuple):
    """One thing to do."""

    key: str
    title: str  # translated when shown
    task: str  # what to do, in a sentence or two
    find: Callable[..., Seen | None]
    needs_key: bool = False  # done by a program with a practice key
    page: str = ""  # the name of the page where people do it


_practicals: dict[str, Practical] = {}


def register(key: str, title: str, task: str, find, *, needs_key=False, page="") -> None:
    """Let courses ask for something that `find` sees in the rows."""
    _practicals[key] = Practical(key, title, task, find, needs_key, page)


def known() -> list[Practical]:
    """Return every practical, in the order the apps registered them."""
    return list(_practicals.values())


def named(keys) -> list[Practical]:
    """Return the practicals of a lesson; one that is gone asks nothing of anybody any more."""
    return [_practicals[key] for key in keys if key in _practicals]
