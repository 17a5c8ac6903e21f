"""Writes on data iterations that people ask for: start, promote, decline. Steps are in work.py."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import timeline
from engagements.models import Engagement
from feedback.iteration import due, judging, policies, realised, shadows, tasks, triggers
from feedback.iteration.models import DataIteration
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit
from serving import services as serving
from serving.models import Endpoint

State = DataIteration.State


def start(engagement, *, by, trigger=triggers.HAND, words="") -> DataIteration:
    """Begin a data iteration; refused while something holds it up, the first thing is named."""
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        held = triggers.blocks(engagement, policies.policy_of(engagement))
        for one in held:
            if one.is_for_hand or trigger != triggers.HAND:
                raise Conflict(one.words)
        champion = engagement.endpoints.first().champion.model_version
        dataset = champion.run.dataset_version.dataset
        last = engagement.data_iterations.newest_first().first()
        iteration = DataIteration.objects.create(
            engagement=engagement,
            number=last.number + 1 if last else 1,
            trigger=trigger,
            trigger_words=words,
            champion=champion,
            base=dataset.versions.newest_first().first(),
            **author(by),
        )
        said = {"number": iteration.number, "trigger": words or triggers.title_of(trigger)}
        tell(iteration, "data_iteration.started", by=by, **said)
        wake_on_commit(tasks.wake_data_iterations)
    return iteration


def promote(iteration, *, by) -> DataIteration:
    """Put a challenger that won in the champion's place, once a person decided so."""
    with transaction.atomic():
        row = _locked(iteration)
        if row.state != State.DECISION:
            raise Conflict(_("This data iteration does not wait for a decision."))
        put_in_place(row, by=by)
        row.save()
    return row


def decline(iteration, *, reason, by) -> DataIteration:
    """Keep the champion, with the reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    with transaction.atomic():
        row = _locked(iteration)
        if row.state not in (State.DECISION, State.SHADOWING):
            raise Conflict(_("This data iteration does not wait for a decision."))
        if row.state == State.SHADOWING:
            shadows.stop(endpoint_of(row), row.challenger)
        keep_champion(row, reason.strip(), by=by)
        row.save()
    return row


def put_in_place(row, *, by) -> None:
    """Deploy the challenger of a locked row; both commit together or not at all."""
    if row.judgement["outcome"] != judging.WINS:
        raise Conflict(judging.in_words(row.judgement))
    endpoint = endpoint_of(row)
    Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)
    if not is_in_place(endpoint, row.champion):
        raise Conflict(
            _("Another model was deployed meanwhile: this was judged against the one before.")
        )
    row.accuracy_before = realised.accuracy(row.engagement, row.champion)
    row.deployment = serving.deploy(endpoint, model_version=row.challenger, by=by)
    policy = policies.policy_of(row.engagement)
    row.promoted_at = timezone.now()
    row.watched_until = row.promoted_at + timedelta(days=policy.watch_days)
    row.state, row.due_at, row.failures = State.CHECKING, timezone.now(), 0
    words = {"number": row.number, "version": row.challenger.number}
    tell(row, "data_iteration.promoted", by=by, **words)
    wake_on_commit(tasks.wake_data_iterations)


def keep_champion(row, reason, *, by) -> None:
    """End a locked row without promoting; the dataset version stays."""
    row.state, row.due_at, row.ended_at = State.KEPT, None, timezone.now()
    row.cause = reason
    tell(row, "data_iteration.kept", by=by, number=row.number, reason=reason)
    due.ended(row)


def is_in_place(endpoint, version) -> bool:
    """Whether a model version answers, or will when it is loaded."""
    there = endpoint.deployments.in_place()
    return there is not None and there.model_version_id == version.pk


def endpoint_of(row) -> Endpoint:
    return row.engagement.endpoints.select_related("tenant", "engagement__tenant").first()


def tell(row, kind, *, by, **words) -> None:
    """Timeline, audit and live pages."""
    url = row.get_absolute_url()
    timeline.record(row.engagement, kind, by=by, url=url, **words)
    audit.record(kind, row, by=by, **words)
    look_again(row)


def look_again(row) -> None:
    """Let pages that show data iterations look again."""
    live.look_again(row.tenant_id, topic_of(row.engagement))


def topic_of(engagement) -> str:
    """What pages that show data iterations listen to."""
    return f"iterations:{engagement.pk}"


def _locked(iteration) -> DataIteration:
    rows = DataIteration.objects.select_for_update(no_key=True, of=("self",))
    rows = rows.select_related("engagement__tenant", "champion", "challenger")
    return rows.get(pk=iteration.pk)
