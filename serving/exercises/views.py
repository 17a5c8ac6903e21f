"""Pages of load tests and rollback drills."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages as record
from engagements.pages import engagement_of
from lepton.lib.refusals import refusals_in, refusals_told
from serving.exercises import drills, load_tests, pages
from serving.exercises.forms import LoadTestForm
from serving.models import LoadTest
from serving.pages import endpoint_of, existing_endpoint


@require_GET
@member_page()
def panel(request, engagement):
    """Load tests and drills, on the go-live page."""
    engagement = engagement_of(engagement)
    here = endpoint_of(engagement)
    context = pages.panel(request, here) if here else {"engagement": engagement}
    return render(request, "serving/_exercises.html", context)


@require_GET
@member_page()
def part(request, engagement, name):
    """One live fragment of the panel."""
    here = existing_endpoint(engagement_of(engagement))
    return render(request, f"serving/_{name}.html", pages.part(request, here, name))


@require_POST
@member_page(Capability.DEPLOY)
def start_load_test(request, engagement):
    """Start a load test."""
    here = existing_endpoint(engagement_of(engagement))
    form = LoadTestForm(request.POST, engagement=here.engagement)
    if form.is_valid():
        with refusals_in(form):
            return redirect(load_tests.start_load_test(here, **form.cleaned_data, by=request.user))
    crumb = (_("Go-live"), record.url("engagements:go_live", here.engagement))
    context = record.frame(here.engagement, crumb, _("Load test"))
    context |= pages.panel(request, here, form)
    return render(request, "serving/load_test_start.html", context, status=422)


@require_GET
@member_page()
def load_test(request, engagement, load_test):
    """One load test, live while it runs."""
    engagement, test = _load_test(engagement, load_test)
    crumb = (_("Go-live"), record.url("engagements:go_live", engagement))
    context = record.frame(engagement, crumb, _("Load test")) | pages.load_test(test)
    template = "serving/_load_test.html" if request.htmx else "serving/load_test.html"
    return render(request, template, context)


@require_POST
@member_page(Capability.DEPLOY)
def cancel_load_test(request, engagement, load_test):
    """Ask a load test to stop."""
    _engagement, test = _load_test(engagement, load_test)
    with refusals_told(request):
        load_tests.cancel_load_test(test, by=request.user)
        messages.info(request, _("The load test is being cancelled."))
    return redirect(test)


@require_POST
@member_page(Capability.DEPLOY)
def start_drill(request, engagement):
    """Practise rolling back."""
    engagement = engagement_of(engagement)
    here = existing_endpoint(engagement)
    with refusals_told(request):
        drills.start_drill(here, by=request.user)
        messages.info(request, _("The drill begins: its result appears below within seconds."))
    return redirect(record.url("engagements:go_live", engagement))


def _load_test(engagement, pk):
    engagement = engagement_of(engagement)
    tests = LoadTest.objects.select_related("endpoint__engagement__tenant", "model_version")
    return engagement, get_object_or_404(tests, endpoint__engagement=engagement, pk=pk)
