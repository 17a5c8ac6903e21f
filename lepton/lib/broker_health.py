"""Keeps a broker that hangs from holding up pages: after a silence nobody asks for a while."""

import time

PATIENCE_SECONDS = 0.5
REST_SECONDS = 2.0
# For connections that only publish. A worker's own connection must not have them: it waits long.
CONNECTION_BOUNDS = {
    "max_retries": 0,
    "socket_timeout": PATIENCE_SECONDS,
    "socket_connect_timeout": PATIENCE_SECONDS,
}
_down_until = 0.0


def is_down() -> bool:
    """Say whether the broker failed to answer within the last seconds."""
    return time.monotonic() < _down_until


def note_failure() -> None:
    """Remember that the broker did not answer: for a while nobody waits for it."""
    global _down_until
    _down_until = time.monotonic() + REST_SECONDS


def forget() -> None:
    """Trust the broker again at once."""
    global _down_until
    _down_until = 0.0
