"""What else happens when an alert fires: other code registers for it.

def open_iteration(alert): …
firing.on_firing(open_iteration)
"""

import logging
from collections.abc import Callable

from django.db import transaction

log = logging.getLogger(__name__)
_listeners: list[Callable] = []


def on_firing(listener: Callable) -> Callable:
    """Have `listener(alert)` called in the transaction in which an alert begins to fire."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell(alert) -> None:
    """Call every listener; trouble in one undoes what it did, and the alert fires all the same."""
    for listener in _listeners:
        try:
            with transaction.atomic():
                listener(alert)
        except Exception:
            log.exception("%s failed on alert %s", listener, alert.pk)
