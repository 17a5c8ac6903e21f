"""Live pages: on commit a topic is announced, and every browser showing it looks again.

The message carries no data: the row is the truth, and each browser asks with its own rights.
"""

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)
PORTFOLIO = "portfolio"  # the group of vendor staff who watch the board
BOARD = "board"  # the topic they watch


def group_of(tenant_id) -> str:
    """The channel group of one tenant's watchers."""
    return f"tenant.{tenant_id}"


def look_again(tenant_id, *topics: str) -> None:
    """Announce `topics` (as in "run:<id>") to the tenant's watchers once this commits."""
    transaction.on_commit(lambda: _announce(str(tenant_id), topics), robust=True)


def _announce(tenant_id, topics):
    try:
        send = async_to_sync(get_channel_layer().group_send)
        for topic in topics:
            send(group_of(tenant_id), {"type": "look.again", "topic": topic})
        if any(topic.startswith("engagement:") for topic in topics):
            send(PORTFOLIO, {"type": "look.again", "topic": BOARD})
    except Exception as error:  # a page that is told nothing polls; the change itself stands
        log.warning("Could not announce %s: %s", ", ".join(topics), error)
