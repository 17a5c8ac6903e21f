"""Reminders by mail of what waits for the customer; the vendor's people send them."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from engagements import mails, pages, signoffs
from engagements.models import Signoff
from engagements.vendor import for_managers, vendor_page
from lepton.lib.refusals import refusals_told


@require_POST
@vendor_page
@for_managers
def to_sign(request, engagement):
    """Remind those of the customer who have not signed."""
    engagement, kind = pages.engagement_of(engagement), request.POST.get("kind")
    if kind not in Signoff.Kind.values:
        raise Http404
    with refusals_told(request):
        _say(request, mails.remind_to_sign(engagement, Signoff.Kind(kind), by=request.user))
    return redirect(signoffs.page_of(engagement, kind))


@require_POST
@vendor_page
@for_managers
def of_item(request, engagement, item):
    """Remind the customer's person who has to do something."""
    engagement = pages.engagement_of(engagement)
    found = get_object_or_404(engagement.actionitems, pk=item)
    with refusals_told(request):
        _say(request, mails.remind_of_item(found, by=request.user))
    return redirect("engagements:plan", request.tenant.slug, engagement.pk)


def _say(request, people):
    names = ", ".join(str(one) for one in people)
    messages.success(request, _("Reminded by mail: %s.") % names)
