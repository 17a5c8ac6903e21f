"""Who may say of an action item that it is done."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.access import holds
from accounts.roles import Capability
from engagements.models import ActionItem


def refuse_unless_owed_by(request, item_id) -> None:
    """Let those who work on the engagement, and whom it was given to; others are refused."""
    mine = ActionItem.objects.filter(pk=item_id, assignee__isnull=False)
    if holds(request, Capability.DATA) or mine.filter(assignee_id=request.user.pk).exists():
        return
    raise PermissionDenied(_("Your role does not include this."))
