"""View as customer: vendor staff see a tenant as its owner does, and cannot change anything.

The session holds the id of the one tenant that is viewed so; the doors in access.py ask here.
"""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Tenant
from accounts.roles import Role

LOOKING = _("You are viewing as the customer and can only look. Leave the view to change things.")
SAFE = ("GET", "HEAD", "OPTIONS")
_KEY = "views_as_customer_of"


def start(request) -> None:
    """View the request's tenant as its customer from now on."""
    request.session[_KEY] = str(request.tenant.pk)
    _tell("customer_view.started", request)


def leave(request) -> None:
    """Be oneself again; leaving twice changes nothing."""
    if request.session.pop(_KEY, None):
        _tell("customer_view.left", request)


def role_in(request, tenant) -> str | None:
    """The role staff look at `tenant` with while they view it as its customer, else None."""
    session = getattr(request, "session", None)
    if session is None or not request.user.is_vendor_staff:
        return None
    return Role.OWNER if session.get(_KEY) == str(tenant.pk) else None


def only_looks(request) -> bool:
    """Say whether a request through a door is one that a customer view does not allow."""
    return getattr(request, "views_as_customer", False) and request.method not in SAFE


def _tell(verb, request):
    with transaction.atomic():
        audit.record(verb, Tenant.objects.get(pk=request.tenant.pk), by=request.user)
