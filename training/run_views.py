"""Pages of runs: the list, starting one, watching one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability, may
from engagements import pages
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in, refusals_told
from training.models import DatasetVersion
from training.run_forms import StartRunForm
from training.runs import services, shown

PANEL_RUNS = 5
MOST_EVENTS = 200  # runs in one zip


@require_GET
@member_page()
def runs(request, engagement):
    """All runs of an engagement, newest first."""
    engagement = pages.engagement_of(engagement)
    rows, pager = rows_and_pager(request, engagement.runs.for_lists(), ordering="-number")
    context = pages.frame(engagement, _("Runs")) | _first_steps(request, engagement)
    context |= {"runs": rows, "pager": pager}
    template = "training/_runs.html" if request.htmx else "training/runs.html"
    return render(request, template, context)


@member_page(Capability.RUN)
def start_run(request, engagement):
    """Choose data, method and network, and start."""
    engagement = pages.engagement_of(engagement)
    form = StartRunForm(engagement, request.POST or None, asked=request.GET)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return redirect(services.start_run(engagement, **form.chosen, by=request.user))
    crumb = (_("Runs"), reverse("training:runs", args=[request.tenant.slug, engagement.pk]))
    context = pages.frame(engagement, crumb, _("Start a run")) | {"form": form}
    context |= _first_steps(request, engagement)
    template = "training/_run_form.html" if request.htmx else "training/run_start.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_GET
@member_page()
def run(request, engagement, pk):
    """One run, live while it works."""
    engagement = pages.engagement_of(engagement)
    found = get_object_or_404(engagement.runs.for_lists(), pk=pk)
    crumb = (_("Runs"), reverse("training:runs", args=[request.tenant.slug, engagement.pk]))
    context = pages.frame(engagement, crumb, str(found)) | shown.run_facts(found)
    template = "training/_run.html" if request.htmx else "training/run.html"
    return render(request, template, context)


@require_GET
@member_page()
def run_events(request, engagement, pk):
    """One run as an event file for TensorBoard."""
    from training.runs import events  # here, as it loads TensorBoard's package

    found = get_object_or_404(pages.engagement_of(engagement).runs.for_lists(), pk=pk)
    return _download(events.file_of(found), events.name_of(found))


@require_GET
@member_page()
def all_events(request, engagement):
    """The newest runs as event files, a folder each, in one zip."""
    from training.runs import events  # see run_events

    runs = pages.engagement_of(engagement).runs.for_lists().prefetch_related("epochs")
    return _download(events.archive_of(runs[:MOST_EVENTS]), "tensorboard.zip")


def _download(data, name):
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type="application/octet-stream", headers=headers)


@require_POST
@member_page(Capability.RUN)
def cancel_run(request, engagement, pk):
    """Ask a run to stop."""
    found = get_object_or_404(pages.engagement_of(engagement).runs, pk=pk)
    with refusals_told(request):
        services.cancel_run(found, by=request.user)
        messages.info(request, _("The run is being cancelled."))
    return redirect(found)


@require_GET
@member_page()
def runs_panel(request, engagement):
    """The newest runs, for the engagement's overview."""
    engagement = pages.engagement_of(engagement)
    context = {"engagement": engagement, "runs": engagement.runs.for_lists()[:PANEL_RUNS]}
    context |= {"total": engagement.runs.count()} | _first_steps(request, engagement)
    return render(request, "training/_runs_panel.html", context)


def _first_steps(request, engagement):
    """Whether there is data to train on, and the button of what comes next."""
    has_data = DatasetVersion.objects.filter(dataset__engagement=engagement).exists()
    where = [request.tenant.slug, engagement.pk]
    if not has_data:
        button = {
            "label": _("To the data"),
            "icon": "data",
            "url": reverse("training:data", args=where),
        }
    elif may(request.role, Capability.RUN):
        url = reverse("training:start_run", args=where)
        button = {"label": _("Start a run"), "icon": "play", "url": url}
    else:
        return {"has_data": has_data}
    return {"has_data": has_data, "next_steps": [button | {"kind": "primary"}]}
