"""Going into the customer's view of a tenant, and leaving it."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import customer_view
from accounts.access import staff_in_tenant


@require_POST
@staff_in_tenant
def start(request):
    """View this tenant as its customer."""
    customer_view.start(request)
    return redirect("engagements:tenant", request.tenant.slug)


@require_POST
@staff_in_tenant
def leave(request):
    """Be oneself again."""
    customer_view.leave(request)
    messages.info(request, _("You are looking as yourself again."))
    return redirect("engagements:tenant", request.tenant.slug)
