"""Writes on endpoints and deployments: each one transaction with its timeline and audit entry."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import production, timeline
from engagements.models import Engagement
from lepton.lib import words
from serving.models import Challenger, Deployment, Endpoint
from serving.telling import look_again, tell

State, Reason = Deployment.State, Deployment.Reason


def create_endpoint(engagement, *, slug, by, keeps_inputs=True):
    """Give an engagement its address for predictions; there is one, and it never changes."""
    endpoint = Endpoint(engagement=engagement, slug=slug, keeps_inputs=keeps_inputs, **author(by))
    endpoint.clean_fields(exclude={"created_by"})
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        if engagement.endpoints.exists():
            raise ValidationError(
                _("This engagement has an endpoint already: deploy another model version to it.")
            )
        _save_new(endpoint)
        audit.record("endpoint.created", endpoint, by=by)
        url = endpoint.get_absolute_url()
        timeline.record(engagement, "endpoint.created", by=by, url=url, endpoint=slug)
    return endpoint


def deploy(endpoint, *, model_version, by):
    """Put a model version in place; until the data plane has it, the one before answers.

    Once the engagement has gone live, only while nothing stands against it.
    """
    if model_version.engagement_id != endpoint.engagement_id:
        raise ValidationError(_("This model version belongs to another engagement."))
    with transaction.atomic():
        lock(endpoint)
        current = endpoint.deployments.in_place()
        if current and current.model_version_id == model_version.pk:
            message = _("Model version %(number)s is in place already.")
            raise ValidationError(message % {"number": model_version.number})
        production.refuse_unless_allowed(endpoint.engagement, candidate_id=model_version.pk)
        deployment = _add(endpoint, model_version, Reason.DEPLOY, by)
        tell(deployment, "model.deployed", by=by, url=endpoint.get_absolute_url())
    return deployment


def roll_back(endpoint, *, by):
    """Put the model version in place that answered before the present one."""
    with transaction.atomic():
        lock(endpoint)
        before = endpoint.deployments.before_the_present()
        if before is None:
            raise ValidationError(
                _("There is nothing to roll back to: no other model version has answered here.")
            )
        deployment = _add(endpoint, before.model_version, Reason.ROLLBACK, by)
        tell(deployment, "model.rolled_back", by=by, url=endpoint.get_absolute_url())
    return deployment


def put_in_place(endpoint, model_version, *, reason, by):
    """Put a version in place for an exercise, by the way that deploying and rolling back go."""
    with transaction.atomic():
        lock(endpoint)
        deployment = _add(endpoint, model_version, reason, by)
        tell(deployment, "model.exercised", by=by, url=endpoint.get_absolute_url())
    return deployment


def mark_live(deployment_id):
    """Note that a deployment answers; what was still being loaded before it never will."""
    with transaction.atomic():
        this = Deployment.objects.filter(pk=deployment_id, state=State.LOADING)
        if not this.update(state=State.LIVE, live_at=timezone.now()):
            return
        deployment = Deployment.objects.select_related("endpoint").get(pk=deployment_id)
        overtaken = deployment.endpoint.deployments.filter(
            state=State.LOADING, number__lt=deployment.number
        )
        overtaken.update(state=State.FAILED, cause=_("Overtaken by a later deployment."))
        look_again(deployment.endpoint)


def mark_failed(deployment_id, *, cause):
    """Note that a deployment cannot answer, and why; the one before it keeps its place."""
    with transaction.atomic():
        this = Deployment.objects.filter(pk=deployment_id).exclude(state=State.FAILED)
        if not this.update(state=State.FAILED, cause=cause):
            return
        deployment = Deployment.objects.get(pk=deployment_id)
        # No address: building one would load every page of the site into the data plane.
        tell(deployment, "deployment.failed", by=None, cause=cause)


def _save_new(endpoint):
    try:
        with transaction.atomic():
            endpoint.save(force_insert=True)
    except IntegrityError:
        message = _("“%s” is taken: choose another address.") % endpoint.slug
        raise ValidationError({"slug": message}) from None


def lock(endpoint):
    """One change at a time of what answers at an endpoint or is tried there, so that numbers count
    up without a gap; until the transaction ends."""
    Endpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _add(endpoint, model_version, reason, by):
    _end_challenger(endpoint, model_version)
    newest = endpoint.deployments.order_by("-number").first()
    return Deployment.objects.create(
        endpoint=endpoint,
        model_version=model_version,
        number=newest.number + 1 if newest else 1,
        reason=reason,
        **author(by),
    )


def _end_challenger(endpoint, model_version):
    """What was beside the former champion has nothing to be compared with any more."""
    active = endpoint.challengers.filter(state__in=Challenger.ACTIVE)
    ended = {"ended_at": timezone.now()}
    active.filter(model_version=model_version).update(state=Challenger.State.PROMOTED, **ended)
    with words.in_english():
        cause = _("Another model version was put in place.")
    active.update(state=Challenger.State.STOPPED, cause=cause, **ended)
