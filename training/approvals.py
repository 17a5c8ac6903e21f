"""Approvals: an ML engineer says whether a model version may go to production, and why."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import timeline
from training.models import ModelApproval


def decide(version, *, decision, reason, by) -> ModelApproval:
    """Approve or reject a model version; a later decision takes the place of an earlier one."""
    if not may_decide(by):
        raise ValidationError(_("Only the vendor's ML engineers decide on a model."))
    if decision not in ModelApproval.Decision.values:
        raise ValidationError({"decision": _("Approve or reject it.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    if version.test_evaluation is None:
        raise ValidationError(_("It was not measured on a test split yet."))
    with transaction.atomic():
        made = ModelApproval.objects.create(
            model_version=version, decision=decision, reason=reason.strip(), **author(by)
        )
        words = {"version": version.number, "reason": made.reason}
        url = version.get_absolute_url()
        timeline.record(version.engagement, f"model.{decision}", by=by, url=url, **words)
        audit.record(f"model.{decision}", version, by=by, reason=made.reason)
    return made


def may_decide(user) -> bool:
    """Say whether somebody may approve models."""
    return isinstance(user, User) and user.is_ml_engineer
