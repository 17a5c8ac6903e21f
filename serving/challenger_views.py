"""Pages of what runs beside the champion, of what answered when, and of what happens right now."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import pages as around
from engagements.pages import engagement_of, frame
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in, refusals_told
from serving import asking, challenger_pages, challengers, now
from serving.challenger_forms import ChallengeForm, MomentForm
from serving.models import Deployment
from serving.pages import existing_endpoint


@require_POST
@member_page(Capability.DEPLOY)
def challenge(request, engagement):
    """Start a shadow or a canary, or go on with it."""
    here = existing_endpoint(engagement_of(engagement))
    form = ChallengeForm(request.POST, endpoint=here)
    if form.is_valid():
        with refusals_in(form):
            challengers.challenge(here, **form.cleaned_data, by=request.user)
    for field, errors in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        messages.error(request, " ".join([f"{label}:" if label else "", *errors]).strip())
    return redirect(here)


@require_POST
@member_page(Capability.DEPLOY)
def stop(request, engagement, challenger):
    """Take the challenger away."""
    here = existing_endpoint(engagement_of(engagement))
    with refusals_told(request):
        challengers.stop(challenger_pages.one(here, challenger), by=request.user)
    return redirect(here)


@require_POST
@member_page(Capability.DEPLOY)
def promote(request, engagement, challenger):
    """Make the challenger the champion."""
    here = existing_endpoint(engagement_of(engagement))
    with refusals_told(request):
        challengers.promote(challenger_pages.one(here, challenger), by=request.user)
    return redirect(here)


@require_GET
@member_page()
def disagreements(request, engagement, challenger):
    """The inputs on which the variants named different classes, with both answers."""
    engagement = engagement_of(engagement)
    here = existing_endpoint(engagement)
    beside = challenger_pages.one(here, challenger)
    rows, pager = rows_and_pager(request, beside.answers.disagreements(), ordering="-at")
    trail = (_("Endpoint"), around.url("serving:endpoint", engagement))
    context = frame(engagement, trail, _("Disagreements")) | {"endpoint": here, "pager": pager}
    context |= {"compared": beside, "rows": challenger_pages.with_pictures(rows)}
    return render(request, "serving/disagreements.html", context)


@require_GET
@member_page()
def answered(request, engagement):
    """Which model version answered at a moment: a fragment."""
    here = existing_endpoint(engagement_of(engagement))
    form, context = MomentForm(request.GET), {}
    if form.is_valid():
        at = form.cleaned_data["at"]
        version = Deployment.objects.which_version_answered(here, at)
        canary = here.challengers.answering_at(at).first()
        context = {"at": at, "version": version, "canary": canary}
    status = 200 if form.is_valid() else 422
    return render(request, "serving/_answered.html", context | {"form": form}, status=status)


@require_GET
@member_page(scoped=False)
def endpoint_now(request, engagement):
    """What the endpoint does right now: a fragment."""
    with tenant_scope(request.tenant):
        here = existing_endpoint(engagement_of(engagement))
    pulse = asking.pulse(here)
    with tenant_scope(request.tenant):
        context = {"endpoint": here, "engagement": here.engagement, "now": now.shown(here, pulse)}
        return render(request, "serving/_now.html", context)
