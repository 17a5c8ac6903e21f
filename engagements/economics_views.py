"""Pages of money, for the vendor's people only: rate cards, one engagement's economics."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import staff_page
from engagements import economics, ledger, pages, rates, usage
from engagements import staff_time as services
from engagements.economics_forms import EconomicsForm, RateCardForm, StaffTimeForm
from engagements.models import RateCard
from engagements.vendor import for_managers, vendor_page
from lepton.lib.refusals import refusals_in, refusals_told


@require_http_methods(["GET", "POST"])
@staff_page
@for_managers
def rate_cards(request):
    """The vendor's prices: issue the next card."""
    form = RateCardForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in(form):
            card = rates.issue_rate_card(**form.terms, by=request.user)
            messages.success(request, _("Rate card %s is issued.") % card.number)
            return redirect("engagements:rate_cards")
    cards = RateCard.objects.newest_first().select_related("created_by")
    context = {"form": form, "cards": cards, "may_set": request.user.is_account_manager}
    status = 422 if form.is_bound else 200
    return render(request, "engagements/rate_cards.html", context, status=status)


@require_GET
@vendor_page
def show(request, engagement):
    """What the engagement used and cost, line by line."""
    return _page(request, pages.engagement_of(engagement))


@require_POST
@vendor_page
@for_managers
def set_economics(request, engagement):
    """Set budget, price and rate card."""
    engagement = pages.engagement_of(engagement)
    form = EconomicsForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            rates.set_economics(engagement, **form.values, by=request.user)
            messages.success(request, _("Saved."))
            return redirect("engagements:economics", request.tenant.slug, engagement.pk)
    return _page(request, engagement, form=form, status=422)


@require_POST
@vendor_page
def record_hours(request, engagement):
    """Note hours in the present iteration."""
    engagement = pages.engagement_of(engagement)
    form = StaffTimeForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            services.record_hours(engagement, **form.cleaned_data, by=request.user)
            messages.success(request, _("The hours are noted."))
            return redirect("engagements:economics", request.tenant.slug, engagement.pk)
    return _page(request, engagement, time_form=form, status=422)


@require_POST
@vendor_page
def remove_hours(request, engagement, staff_time):
    """Remove hours noted by mistake."""
    engagement = pages.engagement_of(engagement)
    row = get_object_or_404(engagement.staff_times, pk=staff_time)
    with refusals_told(request):
        services.remove_hours(row, by=request.user)
        messages.success(request, _("The hours are removed."))
    return redirect("engagements:economics", request.tenant.slug, engagement.pk)


@require_GET
@vendor_page
def as_csv(request, engagement):
    """The same lines as a file."""
    engagement = pages.engagement_of(engagement)
    name = f"economics-{request.tenant.slug}-{engagement.pk}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content = ledger.as_csv(economics.compute(engagement))
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _page(request, engagement, *, form=None, time_form=None, status=200):
    context = pages.frame(engagement, _("Economics"))
    context |= {
        "economics": economics.compute(engagement),
        "meters": usage.METERS,
        "form": form or EconomicsForm.of(engagement),
        "time_form": time_form or StaffTimeForm(auto_id="time_%s"),
        "staff_times": engagement.staff_times.newest_first().select_related("person")[:50],
        "may_set": request.user.is_account_manager,
    }
    return render(request, "engagements/economics.html", context, status=status)
