"""Live pages: on commit a topic is announced, and every browser showing it looks again.

The message carries no data: the row is the truth, and each browser asks with its own rights.
"""

import asyncio
import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

from lepton.lib import broker_health

log = logging.getLogger(__name__)
PORTFOLIO = "portfolio"  # the group of vendor staff who watch the board
BOARD = "board"  # the topic they watch
DESK = "desk"  # what is asked of whom in a tenant


def group_of(tenant_id) -> str:
    """The channel group of one tenant's watchers."""
    return f"tenant.{tenant_id}"


def look_again(tenant_id, *topics: str) -> None:
    """Announce `topics` (as in "run:<id>") to the tenant's watchers once this commits."""
    transaction.on_commit(lambda: _announce(str(tenant_id), topics), robust=True)


def _announce(tenant_id, topics):
    if broker_health.is_down():
        return
    try:
        async_to_sync(_send)(group_of(tenant_id), topics)
    except Exception as error:  # a page that is told nothing polls; the change itself stands
        broker_health.note_failure()
        log.warning("Could not announce %s: %r", ", ".join(topics), error)


async def _send(group, topics):
    layer = get_channel_layer()
    async with asyncio.timeout(broker_health.PATIENCE_SECONDS):
        for topic in topics:
            await layer.group_send(group, {"type": "look.again", "topic": topic})
        if any(topic.startswith("engagement:") for topic in topics):
            await layer.group_send(PORTFOLIO, {"type": "look.again", "topic": BOARD})
