"""The policy of an engagement's data iterations."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import timeline
from engagements.models import Engagement
from feedback.iteration import slices, tasks
from feedback.iteration.models import IterationPolicy
from lepton.lib import live
from lepton.lib.wake import wake_on_commit

FIELDS = (
    *("mode", "method", "least_corrections", "every_days", "cooldown_hours", "runs_per_day"),
    *("margin", "protected_classes", "protected_slices", "demotes", "watch_days"),
)


def policy_of(engagement) -> IterationPolicy:
    """Return the engagement's policy; before somebody set one, everything is by hand."""
    there = IterationPolicy.objects.filter(engagement=engagement).first()
    return there or IterationPolicy(engagement=engagement)


def set_policy(engagement, *, by, **changes) -> IterationPolicy:
    """Change the policy; fields that are not named stay as they are."""
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        policy = policy_of(engagement)
        for name, value in changes.items():
            setattr(policy, name, value)
        for name, value in author(by).items():
            setattr(policy, name, value)
        policy.created_at, policy.due_at = timezone.now(), timezone.now()
        _check(policy)
        policy.save()
        mode = policy.get_mode_display()
        timeline.record(engagement, "iteration_policy.set", by=by, mode=str(mode))
        audit.record("iteration_policy.set", policy, by=by, **_plain(policy))
        wake_on_commit(tasks.wake_data_iterations)
    live.look_again(engagement.tenant_id, engagement.topic)
    return policy


def _check(policy):
    policy.full_clean(exclude=["tenant", "engagement", "created_by", "created_by_label"])
    requirement = policy.engagement.requirement
    known = requirement.classes if requirement else []
    if unknown := [name for name in policy.protected_classes if name not in known]:
        words = _("“%(label)s” is not a class of this engagement: %(known)s.")
        words %= {"label": unknown[0], "known": ", ".join(known)}
        raise ValidationError({"protected_classes": words})
    known = slices.of_holdout(policy.engagement) if policy.protected_slices else {}
    if unknown := [part for part in policy.protected_slices if part not in known]:
        words = _("No image of the holdout is in the slice “%s” (name=value of its metadata).")
        raise ValidationError({"protected_slices": words % unknown[0]})


def _plain(policy) -> dict:
    return {name: str(getattr(policy, name)) for name in FIELDS}
