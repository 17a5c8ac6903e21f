"""Pages of erasures."""

from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import member_page
from accounts.roles import Capability, may
from engagements import pages
from feedback.erasure import forms, services
from feedback.erasure.listing import look
from feedback.erasure.models import Erasure
from lepton.lib.refusals import refusals_in, refusals_told


@require_http_methods(["GET", "POST"])
def erasures(request, **address):
    """The requests so far, and the form for the next one."""
    return (_ask if request.method == "POST" else _list)(request, **address)


@member_page()
def _list(request, engagement):
    given = {name: request.GET.get(name, "") for name in ("kind", "subject")}
    form = forms.ErasureForm(initial=given if given["kind"] else None)
    return _page(request, pages.engagement_of(engagement), form)


@member_page(Capability.DATA)
def _ask(request, engagement):
    engagement = pages.engagement_of(engagement)
    form = forms.ErasureForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            made = services.ask_for_erasure(engagement, **form.cleaned_data, by=request.user)
            return redirect(made)
    return _page(request, engagement, form, status=422)


@require_GET
@member_page()
def erasure(request, engagement, erasure):
    """One request: what it touches, then how far it is, then its receipt."""
    return _one(request, _found(engagement, erasure))


@require_POST
@member_page(Capability.MANAGE)
def confirm(request, engagement, erasure):
    """Erase what was listed."""
    row = _found(engagement, erasure)
    form = forms.ConfirmForm(request.POST)
    if form.is_valid():
        form.cleaned_data.pop("is_sure")
        with refusals_in(form):
            services.confirm_erasure(row, **form.cleaned_data, by=request.user)
            return redirect(row)
    return _one(request, row, form, status=422)


@require_POST
@member_page(Capability.DATA)
def withdraw(request, engagement, erasure):
    """Take the request back."""
    row = _found(engagement, erasure)
    with refusals_told(request):
        services.withdraw_erasure(row, by=request.user)
    return redirect(row)


def _page(request, engagement, form, status=200):
    context = pages.frame(engagement, _("Erasures")) | {"form": form}
    rows = engagement.erasures.select_related("tenant", "confirmed_by").newest_first()
    context |= {"rows": rows[:100], "may_ask": may(request.role, Capability.DATA)}
    return render(request, "feedback/erasure/erasures.html", context, status=status)


def _one(request, row, form=None, status=200):
    crumb = (_("Erasures"), pages.url("feedback:erasures", row.engagement))
    context = pages.frame(row.engagement, crumb, row.get_kind_display()) | {"erasure": row}
    context["touches"] = row.touches
    if row.state == Erasure.State.LISTED:
        found = look(row.kind, row.subject)
        context |= {"touches": found.touches, "form": form or _confirmation(found)}
    pieces = row.pieces.all()
    done, total = pieces.exclude(erased_at=None).count(), pieces.count()
    context["progress"] = {"label": _("Erasing"), "done": done, "total": total}
    context["may_confirm"] = may(request.role, Capability.MANAGE)
    context["may_withdraw"] = may(request.role, Capability.DATA)
    template = "_erasure.html" if request.htmx else "erasure.html"
    return render(request, f"feedback/erasure/{template}", context, status=status)


def _confirmation(found):
    form = forms.ConfirmForm(initial={"touches_sha256": found.sha256})
    if not found.shared:
        del form.fields["others"]
    return form


def _found(engagement, pk) -> Erasure:
    rows = pages.engagement_of(engagement).erasures.select_related("tenant", "receipt")
    return get_object_or_404(rows, pk=pk)
