"""What makes a data iteration look again: rows that are due, and a worker that is woken."""

from django.db import transaction
from django.utils import timezone

from accounts.scoping import tenant_scope
from feedback.iteration import tasks
from feedback.iteration.models import DataIteration, IterationPolicy
from lepton.lib.wake import wake_on_commit

ENDS = {"run.succeeded", "run.failed", "run.cancelled"}


def look_at(engagements, accepted=()) -> None:
    """Feedback came in for `engagements`, and labels were accepted in those of `accepted`."""
    now = timezone.now()
    watched = DataIteration.objects.watched().filter(engagement__in=list(engagements))
    asked = IterationPolicy.objects.filter(engagement__in=list(accepted))
    asked = asked.exclude(mode=IterationPolicy.Mode.MANUAL)
    if watched.update(due_at=now) + asked.update(due_at=now):
        wake_on_commit(tasks.wake_data_iterations)


def ended(iteration) -> None:
    """What was accepted while it was under way may be enough for the next one.

    In a transaction of its own, so that nobody who sets the policy meanwhile waits in a ring; if
    that is lost, the policy is looked at within the hour anyhow.
    """
    engagement = iteration.engagement

    def look():
        with tenant_scope(engagement.tenant_id):
            look_at([], accepted=[engagement])

    transaction.on_commit(look, robust=True)


def entry_made(entry, *, by) -> None:
    """A run ended, in the very transaction that says so: the iteration waiting for it is due."""
    if entry.kind not in ENDS:
        return
    waiting = DataIteration.objects.filter(
        engagement=entry.engagement_id,
        state=DataIteration.State.TRAINING,
        run__number=entry.params["number"],
    )
    if waiting.update(due_at=timezone.now()):
        wake_on_commit(tasks.wake_data_iterations)
