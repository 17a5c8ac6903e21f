"""Pages of the gate: its checks as they are now, waivers, and the gates that were passed."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import gates, golive, pages, services, waivers
from engagements.contract_forms import WaiverForm
from lepton.lib.refusals import refusals_told


@require_GET
@member_page()
def gate(request, engagement):
    """The gate's panel alone, for pages that are watching."""
    engagement = pages.engagement_of(engagement)
    context = {"engagement": engagement, "gate": gates.look(engagement)}
    return render(request, "engagements/_gate.html", context)


@require_POST
@member_page(Capability.ENGAGE)
def advance(request, engagement):
    """Move to the phase that follows."""
    engagement = pages.engagement_of(engagement)
    with refusals_told(request):
        services.advance(engagement, to=request.POST.get("to"), by=request.user)
        label = engagement.get_phase_display()
        messages.success(request, _("The engagement is now in the phase “%s”.") % label)
    return redirect(engagement)


@require_POST
@member_page(Capability.ENGAGE)
def request_waiver(request, engagement):
    """Ask to pass over an unmet check."""
    engagement = pages.engagement_of(engagement)
    form = WaiverForm(request.POST, gate=golive.all_waivable(engagement))
    with refusals_told(request):
        if form.is_valid():
            waivers.request_waiver(engagement, **form.wanted, by=request.user)
            messages.success(request, _("Asked for: somebody else has to grant it."))
        else:
            messages.error(request, _("Choose an unmet check and say why it may be passed over."))
    return redirect(engagement)


@require_POST
@member_page(Capability.ENGAGE)
def grant_waiver(request, engagement, waiver):
    """Grant what somebody else asked for."""
    engagement = pages.engagement_of(engagement)
    waiver = get_object_or_404(engagement.waivers, pk=waiver)
    with refusals_told(request):
        waivers.grant_waiver(waiver, by=request.user)
        messages.success(request, _("The waiver is granted."))
    return redirect(engagement)


@require_GET
@member_page()
def passed(request, engagement):
    """The gates that were passed, with the evidence kept of each."""
    engagement = pages.engagement_of(engagement)
    context = pages.frame(engagement, _("Gates passed"))
    context["records"] = engagement.phase_records.newest_first()[:100]
    return render(request, "engagements/gates_passed.html", context)
