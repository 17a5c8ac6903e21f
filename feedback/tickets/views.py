"""Pages of tickets: an engagement's, one with its conversation, and the vendor's queue."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import member_page, staff_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import documents, pages, response
from engagements.models import Side
from engagements.privacy import side_of
from engagements.response_forms import HoursForm
from engagements.vendor import for_managers, vendor_page
from feedback.tickets import forms, reading, services
from feedback.tickets import pages as ticket_pages
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in, refusals_told


@require_http_methods(["GET", "POST"])
def tickets(request, **address):
    """The tickets of an engagement, and the form to ask for help."""
    return (_open if request.method == "POST" else _list)(request, **address)


@member_page()
def _list(request, engagement):
    names = ("prediction", "model_version", "subject")
    form = forms.TicketForm(initial={name: request.GET.get(name, "") for name in names})
    return ticket_pages.tickets(request, pages.engagement_of(engagement), form)


@member_page(Capability.FEEDBACK, scoped=False)
def _open(request, engagement):
    with tenant_scope(request.tenant):
        engagement = pages.engagement_of(engagement)
    form = forms.TicketForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_in(form):
            said = form.cleaned_data | {"file": _stored(form, engagement)}
            with tenant_scope(request.tenant):
                names = ("prediction", "model_version")
                said |= reading.about(**{name: said.pop(name) for name in names})
                return redirect(services.open_ticket(engagement, **said, by=request.user))
    with tenant_scope(request.tenant):
        return ticket_pages.tickets(request, engagement, form, status=422)


@require_GET
@member_page()
def ticket(request, engagement, ticket):
    """One ticket with its conversation."""
    return ticket_pages.ticket(request, reading.one(ticket, pages.engagement_of(engagement)))


@require_POST
@member_page(Capability.FEEDBACK, scoped=False)
def say(request, engagement, ticket):
    """Write in a ticket."""
    with tenant_scope(request.tenant):
        row = reading.one(ticket, pages.engagement_of(engagement))
    as_vendor = side_of(request) == Side.VENDOR
    form = forms.ReplyForm(request.POST, request.FILES, as_vendor=as_vendor)
    if form.is_valid():
        with refusals_in(form):
            said = form.cleaned_data | {"file": _stored(form, row.engagement)}
            with tenant_scope(request.tenant):
                services.say(row, **said, by=request.user)
            return redirect(row)
    with tenant_scope(request.tenant):
        return ticket_pages.ticket(request, row, form, status=422)


@require_POST
@member_page(Capability.FEEDBACK)
def settle(request, engagement, ticket, verb):
    """Resolve or reopen a ticket."""
    row = reading.one(ticket, pages.engagement_of(engagement))
    with refusals_told(request):
        {"resolve": services.resolve, "reopen": services.reopen}[verb](row, by=request.user)
    return redirect(row)


@require_POST
@vendor_page
def triage(request, engagement, ticket):
    """Say how bad it is and who sees to it."""
    row = reading.one(ticket, pages.engagement_of(engagement))
    form = forms.TriageForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a severity, and somebody of the vendor or nobody."))
        return redirect(row)
    with refusals_told(request):
        services.triage(row, **form.cleaned_data, by=request.user)
    return redirect(row)


@require_POST
@vendor_page
@for_managers
def promise(request, engagement):
    """Promise response times in this engagement."""
    engagement = pages.engagement_of(engagement)
    form = HoursForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            response.promise(engagement, form.cleaned_data, by=request.user)
            messages.success(request, _("The response times hold for tickets from now on."))
            return redirect(pages.url("feedback:tickets", engagement))
    return ticket_pages.tickets(request, engagement, hours=form, status=422)


@require_GET
@staff_page
def queue(request):
    """What waits in all tenants, the longest overdue first."""
    rows, pager = rows_and_pager(request, reading.queue(), ordering=reading.BY_DUE)
    return render(request, "feedback/tickets/queue.html", {"rows": rows, "pager": pager})


def _stored(form, engagement):
    """The file that was sent, in storage before any row knows of it."""
    file = form.cleaned_data.get("file")
    return documents.store(file, tenant_id=engagement.tenant_id) if file else None
