"""Pages of data iterations: where they stand, what waits, the policy, one of them."""

from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback.iteration import forms, pages, policies, services
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@member_page()
def data_iteration(request, engagement):
    """What waits, what holds it up, and how the newest one goes; live."""
    engagement = engagement_of(engagement)
    if request.htmx:
        return render(request, "feedback/_data_iteration.html", pages.overview(engagement))
    context = pages.whole(engagement, pages.policy_form(engagement))
    return render(request, "feedback/data_iteration.html", context)


@require_POST
@member_page(Capability.RUN)
def start(request, engagement):
    """Begin a data iteration by hand."""
    engagement = engagement_of(engagement)
    with refusals_told(request):
        return redirect(services.start(engagement, by=request.user))
    return redirect("feedback:data_iteration", request.tenant.slug, engagement.pk)


@require_POST
@member_page(Capability.DEPLOY)
def policy(request, engagement):
    """Set the policy."""
    engagement = engagement_of(engagement)
    form = pages.policy_form(engagement, request.POST)
    if form.is_valid():
        with refusals_in(form):
            policies.set_policy(engagement, by=request.user, **form.changes)
            return redirect("feedback:data_iteration", request.tenant.slug, engagement.pk)
    context = pages.whole(engagement, form)
    return render(request, "feedback/data_iteration.html", context, status=422)


@require_GET
@member_page()
def iteration(request, engagement, number):
    """One data iteration: its diff card, the judgement, what came of it; live."""
    engagement = engagement_of(engagement)
    row = pages.iteration_of(engagement, number)
    if request.htmx:
        return render(request, "feedback/_iteration.html", pages.detail(row))
    context = pages.whole_detail(engagement, row, forms.DeclineForm())
    return render(request, "feedback/iteration.html", context)


@require_POST
@member_page(Capability.DEPLOY)
def promote(request, engagement, number):
    """Put the winner in the champion's place."""
    row = pages.iteration_of(engagement_of(engagement), number)
    with refusals_told(request):
        services.promote(row, by=request.user)
    return redirect(row)


@require_POST
@member_page(Capability.DEPLOY)
def decline(request, engagement, number):
    """Keep the champion."""
    engagement, form = engagement_of(engagement), forms.DeclineForm(request.POST)
    row = pages.iteration_of(engagement, number)
    if form.is_valid():
        with refusals_told(request):
            services.decline(row, by=request.user, **form.cleaned_data)
        return redirect(row)
    context = pages.whole_detail(engagement, row, form)
    return render(request, "feedback/iteration.html", context, status=422)
