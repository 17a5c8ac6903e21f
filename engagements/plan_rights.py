"""Who may say of an action item that it is done."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.access import holds
from accounts.roles import Capability


def is_owed_by(request, item) -> bool:
    """Say whether who asks may close it: who works on the engagement, or whom it was given to."""
    assigned = item.assignee_id is not None and item.assignee_id == request.user.pk
    return assigned or holds(request, Capability.DATA)


def refuse_unless_owed_by(request, item) -> None:
    """Raise PermissionDenied for anybody else."""
    if not is_owed_by(request, item):
        raise PermissionDenied(_("Your role does not include this."))
