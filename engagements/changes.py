"""Change requests: one side proposes a change of a signed requirement, the other decides."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import pages, requirements, signoffs, timeline
from engagements.models import ChangeRequest, Engagement, Side
from lepton.lib.refusals import Conflict

State = ChangeRequest.State


def propose_change(engagement, *, reason, by, **fields):
    """Propose the next version of a signed requirement: the standing one with these fields."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the requirement should change.")})
    with transaction.atomic():
        engagement = Engagement.objects.locked(engagement.pk)
        standing = engagement.requirement
        if not isinstance(by, User) or standing is None or not requirements.is_signed(engagement):
            raise ValidationError(_("Only a person can, and only a signed requirement needs it."))
        before = signoffs.requirement_data(standing)
        draft = requirements.drafted(engagement, before | fields)
        proposed = signoffs.requirement_data(draft)
        if proposed == before:
            raise ValidationError(_("Nothing differs from the version that stands."))
        change = _save_new(engagement, standing, proposed, reason.strip(), by)
        _tell(change, "change.proposed", by, version=standing.version, reason=change.reason)
    return change


def accept_change(change, *, by):
    """Accept what the other side proposes: it becomes the next version, at once."""
    with transaction.atomic():
        engagement = Engagement.objects.locked(change.engagement_id)
        _refuse_own_side(change, by)
        if engagement.requirement.pk != change.based_on_id:
            raise Conflict(_("The requirement has changed since: propose this change anew."))
        _decide(change, State.ACCEPTED, by)
        result = requirements.write_next(engagement, change.proposed, by=by)
        ChangeRequest.objects.filter(pk=change.pk).update(result=result)
        _tell(change, "change.accepted", by, version=result.version)
    change.refresh_from_db()
    return change


def decline_change(change, *, reason, by):
    """Decline what the other side proposes, with the reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the change is declined.")})
    with transaction.atomic():
        Engagement.objects.locked(change.engagement_id)
        _refuse_own_side(change, by)
        _decide(change, State.DECLINED, by, reason.strip())
        _tell(change, "change.declined", by, reason=reason.strip())
    change.refresh_from_db()
    return change


def withdraw_change(change, *, by):
    """Take back what one's own side proposed."""
    if not isinstance(by, User) or Side.of(by) != change.side:
        raise ValidationError(_("Only the side that proposed a change can withdraw it."))
    with transaction.atomic():
        Engagement.objects.locked(change.engagement_id)
        _decide(change, State.WITHDRAWN, by)
        _tell(change, "change.withdrawn", by)
    change.refresh_from_db()
    return change


def _save_new(engagement, standing, proposed, reason, by):
    try:
        with transaction.atomic():
            return ChangeRequest.objects.create(
                engagement=engagement,
                based_on=standing,
                proposed=proposed,
                side=Side.of(by),
                reason=reason,
                **author(by),
            )
    except IntegrityError:
        raise Conflict(_("A change is proposed already: decide on it first.")) from None


def _refuse_own_side(change, by):
    if not isinstance(by, User) or Side.of(by) == change.side:
        raise ValidationError(_("A person of the other side decides on a change."))


def _decide(change, state, by, reason=""):
    decided = (
        ChangeRequest.objects.undecided()
        .filter(pk=change.pk)
        .update(
            state=state,
            decided_by=by,
            decided_by_label=by.actor_label,
            decided_at=timezone.now(),
            decision_reason=reason,
        )
    )
    if not decided:
        raise Conflict(_("This change was decided on already."))


def _tell(change, kind, by, **facts):
    url = pages.url("engagements:requirement", change.engagement)
    timeline.record(change.engagement, kind, by=by, url=url, **facts)
    audit.record(kind, change, by=by, **facts)
