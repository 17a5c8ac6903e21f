"""What becomes of a challenger that won, in the transaction of its judgement."""

import logging
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from engagements import contracts
from feedback.iteration import services, shadows
from feedback.iteration.models import DataIteration
from lepton.lib.refusals import Conflict

State = DataIteration.State
SHADOW_SECONDS = 5  # between two looks at a shadow
log = logging.getLogger(__name__)


def judge_by_contract(row) -> None:
    """The standing contract judges a winner too, as what has gone live asks for; a holdout whose
    labels were corrected is not the contract's any more, so that nothing is judged by it."""
    if row.engagement.contract is None:
        return
    try:
        contracts.judge(row.engagement, candidate_id=row.challenger_id, by=None)
    except ValidationError as refusal:
        log.info("Data iteration %s has no verdict: %s", row.pk, " ".join(refusal.messages))


def promote(row) -> None:
    """Put it in place; where that is refused the champion stays, and the judgement is kept."""
    try:
        with transaction.atomic():
            services.put_in_place(row, by=None)
    except Conflict as refusal:
        if row.state == State.SHADOWING:
            shadows.stop(services.endpoint_of(row), row.challenger)
        services.keep_champion(row, " ".join(refusal.messages), by=None)


def into_the_shadow(row) -> None:
    """Let the winner answer unseen; where another one does so already, somebody decides."""
    try:
        shadows.start(services.endpoint_of(row), row.challenger)
        row.state, row.due_at = State.SHADOWING, soon()
    except ValidationError as refusal:
        row.cause = " ".join(refusal.messages)
        row.state, row.due_at = State.DECISION, None


def soon():
    """When the shadow is looked at next."""
    return timezone.now() + timedelta(seconds=SHADOW_SECONDS)
