"""The shadow a challenger answers in before it is promoted: whoever serves one registers it.

`start(endpoint, model_version, by)` puts a model version into the shadow of what answers there;
`look(endpoint, model_version)` returns what its answers came to so far (Seen), or None when it is
in the shadow no more; `stop(endpoint, model_version)` takes it out.
"""

from collections.abc import Callable
from typing import NamedTuple


class Seen(NamedTuple):
    """What a shadow answered: how often, how often as the champion, and what went wrong."""

    answers: int
    agreed: int
    errors: int


class Shadow(NamedTuple):
    """How an app serves shadows."""

    start: Callable[..., None]
    look: Callable[..., Seen | None]
    stop: Callable[..., None]


ENOUGH = 20  # answers in the shadow before a winner is promoted
_known: list[Shadow] = []


def register(*, start, look, stop) -> None:
    """Let an app serve shadows."""
    _known[:] = [Shadow(start, look, stop)]


def are_known() -> bool:
    """Say whether somebody serves shadows."""
    return bool(_known)


def known() -> Shadow:
    """Return who serves shadows."""
    return _known[0]
