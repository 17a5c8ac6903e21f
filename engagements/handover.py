"""Who looks after an engagement: one of the vendor's account managers hands it over."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from engagements import timeline
from engagements.models import Engagement
from lepton.lib.refusals import Conflict


def hand_over(engagement, *, to, by):
    """Let the account manager `to` look after an engagement from now on."""
    if not getattr(by, "is_account_manager", False):
        raise ValidationError(_("Only account managers hand an engagement over."))
    if to not in User.objects.account_managers():
        raise ValidationError({"manager": _("%s is not an active account manager.") % to})
    with transaction.atomic():
        engagement = Engagement.objects.locked(engagement.pk)
        if engagement.account_manager_id == to.pk:
            raise Conflict(_("%s looks after it already.") % to)
        engagement.account_manager = to
        engagement.save(update_fields=["account_manager"])
        timeline.record(engagement, "engagement.handed_over", by=by, person=str(to))
        audit.record("engagement.handed_over", engagement, by=by, person=str(to))
    return engagement
