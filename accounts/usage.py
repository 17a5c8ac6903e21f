"""When each API key was last used, to the minute: one write a minute, key and process at most."""

import time
import uuid
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import ApiKey
from accounts.scoping import tenant_scope

INTERVAL = timedelta(minutes=1)
_MOST_KEYS = 10_000
_noted: dict[uuid.UUID, float] = {}  # by key id, on this process's monotonic clock


def note_use(facts) -> None:
    """Note that the key of `facts` (KeyFacts) has just been used."""
    now = time.monotonic()
    if now - _noted.get(facts.key_id, -INTERVAL.total_seconds()) < INTERVAL.total_seconds():
        return
    if len(_noted) >= _MOST_KEYS:
        _noted.clear()
    _noted[facts.key_id] = now
    moment = timezone.now()
    long_ago = Q(last_used_at=None) | Q(last_used_at__lt=moment - INTERVAL)
    with tenant_scope(facts.tenant_id):
        ApiKey.objects.filter(long_ago, pk=facts.key_id).update(last_used_at=moment)
