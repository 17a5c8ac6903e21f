"""Bulk predictions on the endpoint page: start, cancel, download."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements.pages import engagement_of, frame
from lepton.lib.refusals import refusals_in, refusals_told
from lepton.lib.streaming import streamed
from serving import pages
from serving.bulk import results, services
from serving.bulk.forms import BulkForm
from serving.bulk.receiving import receive
from training.datasets import uploads


@require_POST
@member_page(Capability.PREDICT, scoped=False)
def start(request, engagement):
    """Take a zip of images or a manifest, store it, and queue it to be answered."""
    with tenant_scope(request.tenant):
        here = pages.existing_endpoint(engagement_of(engagement))
    form = BulkForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_in(form):
            made = _start(request, here, form.cleaned_data["archive"])
            return HttpResponseClientRefresh() if request.htmx else redirect(made)
    with tenant_scope(request.tenant):
        return _refused(request, here, form)


def _refused(request, here, form):
    if request.htmx:
        context = {"engagement": here.engagement, "bulk_form": form}
        return render(request, "serving/_bulk_form.html", context, status=422)
    context = frame(here.engagement, _("Endpoint")) | pages.whole(request, here)
    return render(request, "serving/endpoint.html", context | {"bulk_form": form}, status=422)


def _start(request, endpoint, archive) -> str:
    """Store what was sent, queue it, and return the address that shows it."""
    facts = {"name": archive.name, "declared_bytes": archive.size, "tenant": request.tenant}
    stored = receive(archive, content_type=archive.content_type, **facts)
    try:
        with tenant_scope(request.tenant):
            bulk = services.start(endpoint, upload=stored, by=request.user)
            return bulk.get_absolute_url()
    except BaseException:
        uploads.discard(stored)
        raise


@require_POST
@member_page(Capability.PREDICT)
def cancel(request, engagement, pk):
    """Cancel a bulk prediction; the answers it has stay."""
    bulk = _found(engagement, pk)
    with refusals_told(request):
        services.cancel(bulk, by=request.user)
    return HttpResponse(status=204) if request.htmx else redirect(bulk)


@require_GET
@member_page()
def download(request, engagement, pk, kind):
    """The answers so far, as a file."""
    bulk = _found(engagement, pk)
    if kind not in results.KINDS:
        raise Http404
    content_type, pieces = results.KINDS[kind]
    facts = {"content_type": content_type, "filename": results.file_name(bulk, kind)}
    return streamed(request, pieces(bulk), **facts)


def _found(engagement, pk):
    here = pages.existing_endpoint(engagement_of(engagement))
    rows = here.bulk_predictions.select_related("endpoint__engagement", "tenant")
    return get_object_or_404(rows, pk=pk)
