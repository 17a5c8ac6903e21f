"""The verdicts that count: under the contract that stands, and on what answers once it goes live.

The app that deploys registers how to look up which model version answers:
def champion_of(engagement) -> UUID | None: …
judged.register(champion_of)
"""

import uuid
from collections.abc import Callable
from datetime import datetime

from engagements.models import Verdict
from engagements.phases import Phase

PROOFS = (Phase.POC, Phase.FINE_TUNING)  # here anything measured may be what is judged
_champions: list[Callable] = []


def register(champion_of: Callable) -> None:
    """Let an app say which model version answers for an engagement."""
    if champion_of not in _champions:
        _champions.append(champion_of)


def champion(engagement) -> uuid.UUID | None:
    """The model version that answers, or None."""
    return next(filter(None, (look(engagement) for look in _champions)), None)


def verdict_on(engagement, candidate_id) -> Verdict | None:
    """The newest verdict on a model version under the contract that both sides signed."""
    return Verdict.objects.newest_under(engagement.signed_contract, candidate_id)


def verdict_now(engagement) -> Verdict | None:
    """The verdict that the present phase rests on.

    Proofs are given anew in each iteration, and the proof of concept takes one under a contract
    that is yet to be signed, which is a check of its own. Later it is the one on what answers,
    where something does.
    """
    is_poc = engagement.phase == Phase.POC
    contract = engagement.contract if is_poc else engagement.signed_contract
    if engagement.phase in PROOFS:
        return Verdict.objects.newest_under(contract, since=began(engagement))
    return Verdict.objects.newest_under(contract, champion(engagement))


def began(engagement) -> datetime:
    """When the present iteration began."""
    present = engagement.iterations.filter(number=engagement.iteration).first()
    return present.started_at if present else engagement.created_at


def measured_since(engagement) -> datetime:
    """From when on a measurement is of the present iteration: its data was gathered before it."""
    gathered = engagement.phase_records.filter(
        iteration=engagement.iteration - 1, phase=Phase.DATA_ITERATION
    ).first()
    return gathered.entered_at if gathered else began(engagement)
