"""The page of a trace."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import member_page
from engagements import pages
from feedback.trace.forms import TraceForm
from feedback.trace.look import look


@require_GET
@member_page()
def trace(request, engagement):
    """Where one thing comes from and where it went; without one, where to take a trace up."""
    engagement = pages.engagement_of(engagement)
    context = pages.frame(engagement, _("Trace"))
    if request.GET:
        form = TraceForm(request.GET)
        if not form.is_valid():
            raise Http404
        context["trace"] = look(*form.asked)
    return render(request, "feedback/trace/trace.html", context)
