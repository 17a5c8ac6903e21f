"""The endpoint page: what answers, deploying and rolling back, trying it."""

import json

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements.pages import engagement_of, frame
from lepton.lib.refusals import refusals_in, refusals_told
from serving import asking, forms, pages, services


@require_GET
@member_page()
def endpoint(request, engagement):
    """The endpoint, or the form that makes it."""
    return _page(request, engagement_of(engagement))


@require_POST
@member_page(Capability.DEPLOY)
def create(request, engagement):
    """Make the endpoint."""
    engagement = engagement_of(engagement)
    form = forms.EndpointForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            made = services.create_endpoint(engagement, **form.cleaned_data, by=request.user)
            return redirect(made)
    return _page(request, engagement, form, status=422)


@require_POST
@member_page(Capability.DEPLOY)
def deploy(request, engagement):
    """Put a model version in place."""
    here = pages.existing_endpoint(engagement_of(engagement))
    form = forms.DeployForm(request.POST, endpoint=here)
    if not form.is_valid():
        messages.error(
            request, _("Choose a model version of this engagement that is not in place.")
        )
        return redirect(here)
    with refusals_told(request):
        version = form.cleaned_data["model_version"]
        services.deploy(here, model_version=version, by=request.user)
    return redirect(here)


@require_POST
@member_page(Capability.DEPLOY)
def roll_back(request, engagement):
    """Put the model version in place that answered before."""
    here = pages.existing_endpoint(engagement_of(engagement))
    with refusals_told(request):
        services.roll_back(here, by=request.user)
    return redirect(here)


@require_POST
@member_page(Capability.PREDICT, scoped=False)
def try_it(request, engagement):
    """Ask the endpoint about an image, as a client would; answers a fragment."""
    with tenant_scope(request.tenant):
        here = pages.existing_endpoint(engagement_of(engagement))
        classes = here.champion.model_version.classes if here.champion else []
    form = forms.TryForm(request.POST, request.FILES)
    context = pages.rights(request.role) | {"endpoint": here, "classes": classes}
    try:
        image = form.cleaned_data["image"].read() if form.is_valid() else None
        refused = " ".join(form.errors.get("image", ()))
        answer = None if refused else asking.ask(here, image, user=request.user)
    except asking.NotAnswered as error:
        answer, refused = None, str(error)
    evidence = json.dumps(answer["evidence"]) if answer else ""
    context |= {"answer": answer, "refused": refused, "evidence_json": evidence}
    return render(request, "serving/_answer.html", context, status=422 if refused else 200)


@require_GET
@member_page()
def part(request, engagement, name):
    """One live fragment of the page."""
    here = pages.existing_endpoint(engagement_of(engagement))
    context = {"engagement": here.engagement, **pages.part(request, here, name)}
    return render(request, f"serving/_{name}.html", context)


@require_GET
@member_page()
def panel(request, engagement):
    """The endpoint on the engagement's overview."""
    engagement = engagement_of(engagement)
    here = pages.endpoint_of(engagement)
    context = {"engagement": engagement, "endpoint": here, **pages.rights(request.role)}
    if here:
        context |= pages.champion(request, here) | pages.last_day(request, here)
    return render(request, "serving/_panel.html", context)


def _page(request, engagement, form=None, status=200):
    here = pages.endpoint_of(engagement)
    context = frame(engagement, _("Endpoint"))
    if here is None:
        form = form or forms.EndpointForm.suggested(engagement)
        context |= {"form": form, **pages.rights(request.role)}
        return render(request, "serving/endpoint_create.html", context, status=status)
    context |= pages.whole(request, here)
    return render(request, "serving/endpoint.html", context, status=status)
