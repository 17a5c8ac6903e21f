"""What the pages of tickets show."""

from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.roles import Capability, may
from engagements import pages, response
from engagements.models import Side
from engagements.privacy import side_of
from engagements.response_forms import HoursForm
from feedback.tickets import forms, reading, times
from lepton.lib.paging import rows_and_pager


def tickets(request, engagement, form=None, *, hours=None, status=200):
    """The tickets of an engagement with the form for the next one."""
    rows, pager = rows_and_pager(request, reading.of(engagement), ordering=reading.BY_DUE)
    is_manager = request.user.is_account_manager and side_of(request) == Side.VENDOR
    promised = response.hours_of(engagement)
    context = pages.frame(engagement, _("Help")) | {
        "rows": rows,
        "pager": pager,
        "form": form or forms.TicketForm(),
        "promised": [(severity.label, promised[severity]) for severity in response.Severity],
        "times": times.of(engagement),
        "may_write": may(request.role, Capability.FEEDBACK),
        "hours_form": is_manager and (hours or HoursForm(initial=promised)),
    }
    return render(request, "feedback/tickets/tickets.html", context, status=status)


def ticket(request, row, form=None, *, status=200):
    """One ticket with its conversation, as the reader's side may see it."""
    side = side_of(request)
    crumb = (_("Help"), pages.url("feedback:tickets", row.engagement))
    triage = forms.TriageForm(initial={"severity": row.severity, "assignee": row.assignee_id})
    context = pages.frame(row.engagement, crumb, f"#{row.number}") | {
        "ticket": row,
        "said": row.messages.for_side(side),
        "form": form or forms.ReplyForm(as_vendor=side == Side.VENDOR),
        "triage_form": triage if side == Side.VENDOR else None,
        "may_write": may(request.role, Capability.FEEDBACK),
    }
    template = "_conversation.html" if request.htmx else "ticket.html"
    return render(request, f"feedback/tickets/{template}", context, status=status)
