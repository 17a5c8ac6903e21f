"""The verdicts that count: under the contract that stands, and on what answers once it goes live.

The app that deploys registers how to look up which model version answers:
def champion_of(engagement) -> UUID | None: …
judged.register(champion_of)
"""

import uuid
from collections.abc import Callable

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

    The proof of concept takes it under a contract that is yet to be signed, which is a check of
    its own. After the proofs it is the one on what answers, where something does.
    """
    is_poc = engagement.phase == Phase.POC
    contract = engagement.contract if is_poc else engagement.signed_contract
    answers = None if engagement.phase in PROOFS else champion(engagement)
    return Verdict.objects.newest_under(contract, answers)
