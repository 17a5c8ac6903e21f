"""Pages of the requirement: its versions, signatures, changes, and the data beside it."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import changes, pages, requirement_pages, requirements
from engagements.privacy import person_of
from engagements.requirement_forms import ChangeForm, FullRequirementForm
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def requirement(request, engagement):
    """What was asked for, in all its versions."""
    return _page(request, pages.engagement_of(engagement))


@require_POST
@member_page(Capability.ENGAGE)
def write_requirement(request, engagement):
    """Write the next version."""
    engagement = pages.engagement_of(engagement)
    form = FullRequirementForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            written = requirements.write_requirement(
                engagement, **form.requirement, by=request.user
            )
            messages.success(request, _("Version %s now stands.") % written.version)
            return _back(engagement)
    return _page(request, engagement, form, status=422)


@require_POST
@member_page(Capability.ENGAGE)
def propose_change(request, engagement):
    """Propose a change of a signed requirement."""
    engagement = pages.engagement_of(engagement)
    form = ChangeForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            reason = form.cleaned_data["reason"]
            changes.propose_change(engagement, reason=reason, by=request.user, **form.requirement)
            messages.success(request, _("The change is proposed: the other side decides."))
            return _back(engagement)
    return _page(request, engagement, form, status=422)


@require_POST
@member_page(Capability.ENGAGE)
def accept_change(request, engagement, change_request):
    """Accept what the other side proposes."""
    engagement, change = _change(engagement, change_request)
    with refusals_told(request):
        accepted = changes.accept_change(change, by=request.user)
        messages.success(request, _("Version %s now stands.") % accepted.result.version)
    return _back(engagement)


@require_POST
@member_page(Capability.ENGAGE)
def decline_change(request, engagement, change_request):
    """Decline what the other side proposes."""
    engagement, change = _change(engagement, change_request)
    with refusals_told(request):
        changes.decline_change(change, reason=request.POST.get("reason", ""), by=request.user)
        messages.success(request, _("The change is declined."))
    return _back(engagement)


@require_POST
@member_page(Capability.ENGAGE)
def withdraw_change(request, engagement, change_request):
    """Withdraw what one's own side proposed."""
    engagement, change = _change(engagement, change_request)
    with refusals_told(request):
        changes.withdraw_change(change, by=request.user)
        messages.success(request, _("The change is withdrawn."))
    return _back(engagement)


def _change(engagement, pk):
    engagement = pages.engagement_of(engagement)
    return engagement, get_object_or_404(engagement.change_requests, pk=pk)


def _back(engagement):
    return redirect(pages.url("engagements:requirement", engagement))


def _page(request, engagement, form=None, status=200):
    context = requirement_pages.context(engagement, person_of(request), form)
    return render(request, "engagements/requirement.html", context, status=status)
