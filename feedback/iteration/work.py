"""What a worker does for data iterations: each step begins and ends in rows, so it can be repeated.

A step that broke off is taken again when its claim has run out; a step that was done finds the row
in another state and does nothing.
"""

import logging
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.scoping import tenant_scope
from engagements.models import Engagement
from feedback.alerts import measures
from feedback.iteration import (
    checking,
    claims,
    due,
    gathering,
    judging,
    policies,
    realised,
    services,
    shadows,
    triggers,
    winners,
)
from feedback.iteration.models import DataIteration, IterationPolicy
from lepton.lib.refusals import Conflict
from serving import services as serving
from training.models import Run
from training.runs import evaluations

log = logging.getLogger(__name__)
MOST_FAILURES = 3
AGAIN_SECONDS = 20  # after a failure, times their number
LOOK_SECONDS = 3600  # between two looks at a promoted model
State, Mode = DataIteration.State, IterationPolicy.Mode


def work_off() -> int:
    """Look at every policy and take every iteration that is due further; return how many steps."""
    steps = 0
    while policy := claims.next_policy():
        _consider_quietly(*policy)
        steps += 1
    while claim := claims.next_claim():
        advance(claim)
        steps += 1
    return steps


def _consider_quietly(policy_id, tenant_id) -> None:
    """One engagement's trouble holds no other up; it is looked at again when its claim runs out."""
    try:
        consider(policy_id, tenant_id)
    except Exception:
        log.exception("Could not look at the triggers of policy %s", policy_id)


def consider(policy_id, tenant_id) -> DataIteration | None:
    """Start a data iteration if a trigger has a reason; else note when to look next."""
    with tenant_scope(tenant_id):
        of_policy = IterationPolicy.objects.filter(pk=policy_id).values_list("engagement_id")
        engagement = Engagement.objects.locked(of_policy.get()[0])  # first, as who sets the policy
        rows = IterationPolicy.objects.select_for_update(no_key=True, of=("self",))
        policy, started = rows.get(pk=policy_id), None
        reason = None if policy.is_by_hand else triggers.found(engagement, policy)
        held = triggers.blocks(engagement, policy)
        if reason and not held:
            key, words = reason
            started = services.start(engagement, by=None, trigger=key, words=words)
        IterationPolicy.objects.filter(pk=policy.pk).update(
            due_at=_next_look(engagement, policy, held if reason else [])
        )
    return started


def _next_look(engagement, policy, held):
    """When what holds a wanted iteration up ends by itself, or the schedule's time comes."""
    if policy.is_by_hand:
        return None
    ends = [one.until for one in held if one.until]
    if policy.every_days:
        last = engagement.data_iterations.newest_first().first()
        ends.append(triggers.scheduled_at(policy, last and last.created_at))
    soon = timezone.now() + timedelta(seconds=LOOK_SECONDS)
    later = [moment for moment in ends if moment > timezone.now()]
    return min([*later, soon])


def advance(claim) -> None:
    """Take one iteration one step further; trouble is tried again and then named in the row."""
    try:
        with claim.scope() as row:
            step = STEPS.get(row.state)
        if step is None:
            _rest(claim)
        elif claim.failures > MOST_FAILURES:
            fail(claim, _("It broke off several times: the worker's log has the details."))
        else:
            step(claim)
    except claims.Late:
        log.info("Data iteration %s went on elsewhere", claim.id)
    except Conflict as refusal:
        _keep(claim, " ".join(refusal.messages))
    except ValidationError as refusal:
        fail(claim, " ".join(refusal.messages))
    except Exception:
        log.exception("Data iteration %s broke off in attempt %s", claim.id, claim.attempt)
        _again(claim)


def fail(claim, cause) -> None:
    """End it with its cause; answers that were not taken up wait for the next."""
    with claim.scope() as row:
        if row.state == State.SHADOWING:
            shadows.stop(services.endpoint_of(row), row.challenger)
        row.state, row.due_at, row.ended_at = State.FAILED, None, timezone.now()
        row.cause = cause
        row.save()
        services.tell(row, "data_iteration.failed", by=None, number=row.number, cause=cause)
        due.ended(row)


def look_at_run(claim) -> None:
    """Go on when the run has ended."""
    with claim.scope(State.TRAINING) as row:
        run = Run.objects.select_related("model_version").get(pk=row.run_id)
        if not run.has_ended:
            row.due_at = None  # its end makes it due, in the same transaction
        elif run.state == Run.State.SUCCEEDED:
            row.challenger, row.state, row.due_at = run.model_version, State.JUDGING, timezone.now()
        else:
            raise ValidationError(run.cause or _("The run was cancelled."))
        row.failures = 0
        row.save()


def judge(claim) -> None:
    """Judge the challenger on the champion's holdout, and do as the policy says."""
    with claim.scope(State.JUDGING) as row:
        if _waits_for_a_drill(row):
            return
        engagement, policy = row.engagement, policies.policy_of(row.engagement)
        if row.version.test_sha256 != row.base.test_sha256:
            evaluations.restate(row.champion, row.version)
        found = {"champion": row.champion, "challenger": row.challenger}
        found |= {"margin": float(policy.margin), "protected_slices": policy.protected_slices}
        row.judgement = judging.judge(engagement, **found)
        row.failures = 0
        version = row.challenger.number
        services.tell(row, "data_iteration.judged", by=None, number=row.number, version=version)
        if row.judgement["outcome"] != judging.WINS:
            services.keep_champion(row, judging.in_words(row.judgement), by=None)
            row.save()
            return
        winners.judge_by_contract(row)
        if policy.mode == Mode.AUTOMATIC:
            winners.promote(row)
        elif policy.mode == Mode.SHADOW:
            winners.into_the_shadow(row)
        else:
            row.state, row.due_at = State.DECISION, None
        row.save()


def look_at_shadow(claim) -> None:
    """Promote when the shadow has answered often enough without an error."""
    with claim.scope(State.SHADOWING) as row:
        endpoint = services.endpoint_of(row)
        seen = shadows.look(endpoint, row.challenger)
        row.failures = 0
        if seen is None:
            services.keep_champion(row, _("It was taken out of the shadow."), by=None)
        elif seen.errors:
            shadows.stop(endpoint, row.challenger)
            services.keep_champion(row, _("It failed to answer in the shadow."), by=None)
        elif seen.answers < shadows.ENOUGH:
            row.due_at = winners.soon()
        else:
            winners.promote(row)
        row.save()


def watch(claim) -> None:
    """Roll back when the promoted model is surely less often right in use than the one before."""
    with claim.scope(State.PROMOTED) as row:
        if _waits_for_a_drill(row):
            return
        endpoint, policy = services.endpoint_of(row), policies.policy_of(row.engagement)
        row.due_at = timezone.now() + timedelta(seconds=LOOK_SECONDS)
        if row.watched_until <= timezone.now() or not services.is_in_place(
            endpoint, row.challenger
        ):
            row.due_at = None
        elif policy.demotes and (reason := worse(row)):
            serving.roll_back(endpoint, by=None)
            row.state, row.due_at, row.cause = State.DEMOTED, None, reason
            words = {"version": row.challenger.number, "reason": reason}
            services.tell(row, "data_iteration.demoted", by=None, **words)
        row.failures = 0
        row.save()


def _waits_for_a_drill(row) -> bool:
    """What is in place during a rollback drill says nothing: look again when it is over."""
    endpoint = services.endpoint_of(row)
    if endpoint is None or not endpoint.drills.still_open().exists():
        return False
    row.due_at = winners.soon()
    row.save(update_fields=["due_at"])
    return True


def worse(row) -> str:
    """Say why the promoted model is surely worse in use than the champion was, "" if it is not.

    Only figures from the same source are held against each other: what people chose to answer and
    what was drawn by lot are two measures.
    """
    before, after = row.accuracy_before, realised.accuracy(row.engagement, row.challenger)
    if not before or not after or before["source"] != after["source"]:
        return ""
    if measures.difference_interval(_reading(after), _reading(before))[1] >= 0:
        return ""
    words = _("accuracy in use is %(after)s (at most %(high)s, n = %(n)s), it was %(before)s")
    shares = {name: f"{after[key]:.1%}" for name, key in (("after", "value"), ("high", "high"))}
    return words % {**shares, "n": after["n"], "before": f"{before['value']:.1%}"}


def _reading(found) -> measures.Reading:
    return measures.Reading(*(found[name] for name in ("value", "n", "low", "high")))


def _keep(claim, reason) -> None:
    with claim.scope() as row:
        if row.state == State.SHADOWING:
            shadows.stop(services.endpoint_of(row), row.challenger)
        services.keep_champion(row, reason, by=None)
        row.save()


def _rest(claim) -> None:
    with claim.scope() as row:
        row.due_at = None
        row.save(update_fields=["due_at"])


def _again(claim) -> None:
    try:
        with claim.scope() as row:
            seconds = AGAIN_SECONDS * (claim.failures or 1)
            row.due_at = timezone.now() + timedelta(seconds=seconds)
            row.save(update_fields=["due_at"])
    except claims.Late:
        pass


STEPS = {
    State.GATHERING: gathering.gather,
    State.TRAINING: look_at_run,
    State.JUDGING: judge,
    State.SHADOWING: look_at_shadow,
    State.CHECKING: checking.check,
    State.PROMOTED: watch,
}
