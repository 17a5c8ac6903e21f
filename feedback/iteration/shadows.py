"""The shadow a winner answers in before it is promoted: what it came to, in and out of it."""

from typing import NamedTuple

from serving import challengers
from serving.models import Challenger, ShadowAnswer

ENOUGH = 20  # answers in the shadow before a winner is promoted
SHADOW = Challenger.Variant.SHADOW


class Seen(NamedTuple):
    """How often a shadow answered, and how often it failed to."""

    answers: int
    errors: int


def start(endpoint, version) -> None:
    """Let a model version answer everything unseen. Raises ValidationError if another one does."""
    facts = {"variant": SHADOW, "share_percent": 100}
    challengers.challenge(endpoint, model_version=version, **facts, by=None)


def look(endpoint, version) -> Seen | None:
    """What it came to so far; None if it is not in the shadow any more."""
    shadow = _newest(endpoint, version)
    if shadow is None:
        return None
    if shadow.state == Challenger.State.FAILED:
        return Seen(0, 1)
    if not shadow.is_active:
        return None
    answers = ShadowAnswer.objects.filter(challenger=shadow).count()
    return Seen(answers, shadow.failures.count())


def stop(endpoint, version) -> None:
    """Take it out of the shadow, if it is still there."""
    shadow = _newest(endpoint, version)
    if shadow and shadow.is_active:
        challengers.stop(shadow, by=None)


def _newest(endpoint, version) -> Challenger | None:
    rows = endpoint.challengers.newest_first().filter(model_version=version, variant=SHADOW)
    return rows.first()
