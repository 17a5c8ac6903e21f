"""Writes on rollback drills that people ask for, and what a roll-back would lead to."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements.models import Outcome, Verdict
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit
from serving import services, tasks
from serving.exercises.load_tests import refuse_while_busy, refuse_without_images
from serving.exercises.rows import RollbackDrill
from training.models import ModelApproval


def start_drill(endpoint, *, by):
    """Queue a rollback drill: the previous good version answers for seconds, then the champion."""
    with transaction.atomic():
        services.lock(endpoint)
        champion = endpoint.champion
        if champion is None:
            raise ValidationError(_("No model version is live here: deploy one first."))
        if endpoint.deployments.in_place() != champion:
            raise Conflict(_("A model version is being loaded here: wait until it answers."))
        refuse_while_busy(endpoint)
        _refuse_beside_a_challenger(endpoint)
        refuse_without_images(champion.model_version)
        good = previous_good(endpoint)
        drill = RollbackDrill.objects.create(
            endpoint=endpoint,
            model_version=champion.model_version,
            practised=good or champion.model_version,
            is_rehearsal=good is None,
            **author(by),
        )
        facts = {"champion": champion.model_version.number, "practised": drill.practised.number}
        audit.record("drill.started", drill, by=by, **facts)
        tell(drill)
        wake_on_commit(tasks.wake_exercises)
    return drill


def _refuse_beside_a_challenger(endpoint):
    if endpoint.challengers.active():
        raise Conflict(
            _("A model version runs beside the champion, and a drill would end it: stop it first.")
        )


def previous_good(endpoint):
    """The newest model version that answered before and may answer again, or None.

    Neither one that an ML engineer rejected nor one that failed under the standing contract.
    """
    present = endpoint.deployments.in_place()
    if present is None:
        return None
    earlier = endpoint.deployments.newest_first().filter(state="live", number__lt=present.number)
    seen = {present.model_version_id}
    for deployment in earlier.exclude(model_version=present.model_version_id):
        version = deployment.model_version
        if version.pk not in seen and _is_good(version, endpoint.engagement):
            return version
        seen.add(version.pk)
    return None


def _is_good(version, engagement) -> bool:
    approval = version.approval
    if approval and approval.decision == ModelApproval.Decision.REJECTED:
        return False
    newest = Verdict.objects.newest_under(engagement.contract, version.pk)
    return newest is None or newest.outcome != Outcome.FAIL


def tell(drill):
    """Let pages that show it look again."""
    live.look_again(drill.tenant_id, drill.list_topic)
