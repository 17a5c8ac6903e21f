"""Pages of monitoring: what an endpoint did, how good it was, whether its traffic drifted."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages
from feedback.monitoring import drifting
from feedback.monitoring import pages as context
from lepton.lib.refusals import refusals_told


@require_GET
@member_page()
def show(request, engagement):
    """The page, or its live part for a page that is watching."""
    engagement = pages.engagement_of(engagement)
    facts = pages.frame(engagement, _("Monitoring")) | context.whole(request, engagement)
    template = "feedback/_monitoring.html" if request.htmx else "feedback/monitoring.html"
    return render(request, template, facts)


@require_GET
@member_page()
def panel(request, engagement):
    """The last day and open alerts, for the overview."""
    engagement = pages.engagement_of(engagement)
    facts = {"engagement": engagement} | context.panel(engagement.endpoints.first())
    return render(request, "feedback/_monitoring_panel.html", facts)


@require_POST
@member_page(Capability.RUN)
def look(request, engagement):
    """Have a worker look for drift now."""
    return _done(request, engagement, drifting.ask, _("A worker looks at the traffic now."))


@require_POST
@member_page(Capability.DEPLOY)
def accept(request, engagement):
    """Take the traffic that was looked at last as what is normal."""
    words = _("From now on traffic is compared with this.")
    return _done(request, engagement, drifting.accept_traffic, words)


def _done(request, engagement, service, words):
    endpoint = endpoint_of(pages.engagement_of(engagement))
    with refusals_told(request):
        service(endpoint, by=request.user)
        messages.success(request, words)
    return redirect("feedback:monitoring", request.tenant.slug, engagement)


def endpoint_of(engagement):
    """The engagement's endpoint, or Http404."""
    endpoint = engagement.endpoints.select_related("engagement__tenant").first()
    if endpoint is None:
        raise Http404
    return endpoint
