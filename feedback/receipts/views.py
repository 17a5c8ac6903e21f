"""Pages of receipts, and feedback from a file."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages
from feedback.receipts import files, forms, words
from feedback.receipts.models import Receipt
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in

SHOWN = 200  # outcomes on one page; refused ones first


@require_GET
@member_page()
def receipts(request, engagement):
    """What became of the feedback on each prediction, newest first."""
    engagement = pages.engagement_of(engagement)
    form = forms.ReceiptFilter(request.GET)
    found = Receipt.objects.filter(engagement=engagement, **form.narrowed).newest_first()
    rows, pager = rows_and_pager(request, found, ordering="-settled_at")
    for row in rows:
        row.steps = words.steps(row)
    trail = (_("Feedback"), pages.url("feedback:predictions", engagement))
    context = pages.frame(engagement, trail, _("Receipts")) | {"rows": rows, "pager": pager}
    context |= {"form": form, "narrowed": bool(form.narrowed)}
    template = "feedback/_receipts.html" if request.htmx else "feedback/receipts.html"
    return render(request, template, context)


@require_http_methods(["GET", "POST"])
def from_file(request, **address):
    """The form that takes a file of answers, and what became of each row."""
    return (_take if request.method == "POST" else _show)(request, **address)


@member_page()
def _show(request, engagement):
    return _file_page(request, pages.engagement_of(engagement), forms.FileForm())


@member_page(Capability.FEEDBACK)
def _take(request, engagement):
    engagement, form = pages.engagement_of(engagement), forms.FileForm(request.POST, request.FILES)
    outcomes = []
    if form.is_valid():
        with refusals_in(form):
            data = form.cleaned_data["file"].read(files.MAX_BYTES + 1)
            outcomes = files.take(data, by=request.user)
    return _file_page(request, engagement, form, outcomes)


def _file_page(request, engagement, form, outcomes=()):
    trail = (_("Feedback"), pages.url("feedback:predictions", engagement))
    refused = [one for one in outcomes if one[1].error]
    taken = [one for one in outcomes if not one[1].error]
    context = pages.frame(engagement, trail, _("From a file")) | {"form": form}
    context |= {"columns": files.COLUMNS, "most": files.MAX_ROWS, "total": len(outcomes)}
    context |= {"new": sum(one.status == 201 for _line, one in taken), "taken": len(taken)}
    context |= {"refused": len(refused), "rows": [*refused, *taken][:SHOWN]}
    status = 422 if form.errors else 200
    return render(request, "feedback/file.html", context, status=status)
