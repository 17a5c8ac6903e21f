"""Writes on engagements: each one transaction with its timeline and audit entry."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, invitations
from accounts import services as accounts
from accounts.models import author
from accounts.roles import Role
from accounts.scoping import tenant_scope
from engagements import gates, iterations, phases, templates, timeline
from engagements.models import Engagement, PhaseRecord, RateCard
from engagements.requirements import write_requirement
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict


def open_engagement(name, *, by, summary="", template=None):
    """Open an engagement in the active tenant, at the first phase of iteration 1.

    `template` (an EngagementTemplate) says its phases and what is to be done in them; without
    one it goes through the whole loop, and nothing is planned yet. An account manager who opens
    it looks after it; opened by anybody else it is looked after by nobody yet.
    """
    manager = by if getattr(by, "is_account_manager", False) else None
    card = RateCard.objects.valid_on(timezone.localdate())
    engagement = Engagement(
        name=name, summary=summary, account_manager=manager, rate_card=card, **author(by)
    )
    if template:
        engagement.template, engagement.phases = template, template.phases
        engagement.phase = template.phases[0]
        engagement.response_hours = template.response_hours
        engagement.drill_days = template.drill_days
    kept = ["tenant", "created_by", "account_manager", "template", "rate_card"]
    engagement.full_clean(exclude=kept)
    with transaction.atomic():
        _save_new(engagement)
        iterations.begin(engagement, 1)
        templates.plan(engagement, by=by)
        timeline.record(engagement, "engagement.opened", by=by)
        audit.record("engagement.opened", engagement, by=by)
    return engagement


def open_with_requirement(name, *, by, requirement=None, summary="", template=None):
    """Open an engagement, with the first version of its requirement if there is one already."""
    with transaction.atomic():
        engagement = open_engagement(name, by=by, summary=summary, template=template)
        if requirement:
            write_requirement(engagement, by=by, **requirement)
    return engagement


def open_customer(slug, *, tenant_name, name, owner_name, email, by, template=None, **requirement):
    """Open a tenant with its first engagement, requirement and owner; vendor staff only.

    Returns (engagement, invitation). All of it happens or nothing does.
    """
    with transaction.atomic():
        tenant = accounts.create_tenant(slug, name=tenant_name, by=by)
        with tenant_scope(tenant):
            engagement = open_with_requirement(
                name, by=by, requirement=requirement, template=template
            )
            invitation = invitations.invite(email, name=owner_name, role=Role.OWNER, by=by)
    return engagement, invitation


def advance(engagement, *, to, by):
    """Move an engagement to the phase that follows; after the last, the next iteration begins.

    Refused while its gate has an unmet check; passing keeps the evidence of all of them.
    """
    before = engagement.phase
    following, round_ = phases.following(engagement.phases, before)
    if to != following:
        raise ValidationError(
            _("After %(before)s comes %(after)s.")
            % {"before": phases.Phase(before).label, "after": following.label}
        )
    with transaction.atomic():
        gate = _gate_before_others(engagement)
        gates.refuse_unless_open(gate)
        _keep_evidence(engagement, gate, by)
        Engagement.objects.filter(pk=engagement.pk).update(
            phase=following, phase_since=timezone.now(), iteration=F("iteration") + round_
        )
        if round_:
            _go_round(engagement, by)
        _note_move(engagement, before, following, round_, by)
    engagement.refresh_from_db()
    return engagement


def _go_round(engagement, by):
    """Close this iteration, start the next one, and plan it as the template says."""
    number = engagement.iteration + 1
    iterations.end(engagement)
    iterations.begin(engagement, number)
    templates.plan(engagement, iteration=number, by=by)


def _gate_before_others(engagement):
    """The gate as it is now; whoever comes second finds that the engagement has moved."""
    as_seen = {"pk": engagement.pk, "phase": engagement.phase, "iteration": engagement.iteration}
    here = Engagement.objects.select_for_update(no_key=True).filter(**as_seen).first()
    if here is None:
        raise Conflict(_("Somebody else has just moved this engagement: look again."))
    return gates.look(here)


def _keep_evidence(engagement, gate, by):
    record = PhaseRecord(
        engagement=engagement,
        iteration=engagement.iteration,
        phase=gate.phase,
        to=gate.to,
        entered_at=engagement.phase_since,
        checks=[check.snapshot() for check in gate.checks],
        **author(by),
    )
    record.sha256 = sha256_of(record.evidence)
    record.save(force_insert=True)


def _save_new(engagement):
    try:
        with transaction.atomic():
            engagement.save(force_insert=True)
    except IntegrityError:
        message = _("This tenant already has an engagement of this name.")
        raise ValidationError({"name": message}) from None


def _note_move(engagement, before, following, round_, by):
    words = {"from": phases.Phase(before).label, "to": following.label}
    timeline.record(engagement, "engagement.advanced", by=by, **words)
    if round_:
        iteration = engagement.iteration + 1
        timeline.record(engagement, "engagement.went_round", by=by, iteration=iteration)
    audit.record("engagement.advanced", engagement, by=by, **words)
