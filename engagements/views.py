"""Pages of engagements: the board, a tenant's list, the overview of one."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts import system
from accounts.access import member_page, staff_page
from accounts.models import User
from accounts.pages import trail
from accounts.roles import Capability
from engagements import desk, forms, gates, pages, services
from engagements.cards import cards, columns
from engagements.contract_forms import WaiverForm
from engagements.models import Engagement, Side
from engagements.privacy import side_of
from engagements.vendor import vendor_page
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in

NEWEST_ENTRIES = 60  # summed up, the newest dozen of these are shown


@require_GET
def home(request):
    """Where a person's day starts: the board, their tenant, or the choice among several."""
    if request.user.is_vendor_staff:
        return redirect("engagements:board")
    tenants = system.tenants_of(request.user)
    if len(tenants) == 1:
        return redirect("engagements:tenant", tenants[0].slug)
    return render(request, "engagements/home.html", {"tenants": tenants})


@require_GET
@staff_page
def board(request):
    """All engagements of all tenants, by phase."""
    form = forms.BoardFilter(request.GET, managers=User.objects.account_managers())
    narrowed = form.narrowed
    found = Engagement.objects.for_lists().matching(**narrowed)
    shown = columns(found, phase=narrowed["phase"])
    context = {"columns": shown, "form": form, "narrowed": any(narrowed.values())}
    context |= {"total": sum(one["n"] for one in shown)} | desk.next_for(request.user)
    template = "engagements/_board.html" if request.htmx else "engagements/board.html"
    return render(request, template, context)


@require_GET
@staff_page
def engagement_list(request):
    """All engagements as a table, the newest in their phase first."""
    form = forms.ListFilter(request.GET, managers=User.objects.account_managers())
    rows, pager = desk.rows(request, form.narrowed)
    context = {"rows": rows, "pager": pager, "form": form, "narrowed": any(form.narrowed.values())}
    template = "engagements/_list.html" if request.htmx else "engagements/list.html"
    return render(request, template, context)


@require_GET
@staff_page
def portfolio(request):
    """How the engagements do as a whole: health, lead times, accuracy, cost."""
    return render(request, "engagements/portfolio.html", desk.portfolio())


@staff_page
def open_customer(request):
    """A new tenant with its first engagement, requirement and owner."""
    form = forms.CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            engagement, invitation = services.open_customer(**form.cleaned_data, by=request.user)
            context = {"engagement_opened": engagement, "invitation": invitation}
            return render(request, "engagements/customer_opened.html", context)
    status = 422 if form.errors else 200
    return render(request, "engagements/open_customer.html", {"form": form}, status=status)


@require_GET
@member_page()
def tenant(request):
    """A tenant's engagements."""
    context = trail(request, _("Engagements"))
    context["cards"] = cards(Engagement.objects.for_lists())
    context |= desk.next_for(request.user, side_of(request))
    return render(request, "engagements/tenant.html", context)


@require_GET
@member_page()
def tenant_next(request):
    """What the tenant's engagements ask of the reader, for pages that are watching."""
    context = desk.next_for(request.user, side_of(request)) | {"with_engagement": True}
    return render(request, "engagements/_next.html", context)


@member_page(Capability.ENGAGE)
def open_engagement(request):
    """A further engagement of a tenant."""
    form = forms.OpenEngagementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            data = form.cleaned_data
            engagement = services.open_with_requirement(
                data["name"],
                requirement=form.requirement,
                template=data["template"],
                by=request.user,
            )
            return redirect(engagement)
    status = 422 if form.errors else 200
    context = trail(request, _("Open an engagement")) | {"form": form}
    return render(request, "engagements/open.html", context, status=status)


@require_GET
@member_page()
def overview(request, engagement):
    """One engagement: its requirement, how far it is, and what happened."""
    engagement = pages.engagement_of(engagement)
    gate = gates.look(engagement)
    context = pages.frame(engagement, _("Overview")) | {
        "requirement": engagement.requirement,
        "entries": engagement.timeline.for_side(side_of(request)).newest_first()[:NEWEST_ENTRIES],
        "gate": gate,
        "waiver_form": WaiverForm(gate=gate, auto_id="waiver_%s"),
    }
    context |= desk.about(engagement, request.user, side_of(request))
    if side_of(request) == Side.VENDOR and request.user.is_account_manager:
        found = {"manager": engagement.account_manager_id}
        context["hand_over_form"] = forms.HandOverForm(initial=found, auto_id="hand_over_%s")
    return render(request, "engagements/overview.html", context)


@require_GET
@member_page()
def phases_bar(request, engagement):
    """The phase bar alone, for pages that are watching."""
    context = pages.frame(pages.engagement_of(engagement))
    return render(request, "engagements/_phases.html", context)


@require_GET
@member_page()
def next_asks(request, engagement):
    """What the engagement asks of the reader, for pages that are watching."""
    engagement = pages.engagement_of(engagement)
    context = desk.next_for(request.user, side_of(request), engagement)
    return render(request, "engagements/_next.html", context | {"engagement": engagement})


@require_GET
@member_page()
def loop(request, engagement):
    """The loop with the present phase, for pages that are watching."""
    engagement = pages.engagement_of(engagement)
    context = {"engagement": engagement, "loop": desk.loop(engagement)}
    return render(request, "engagements/_loop.html", context)


@require_GET
@vendor_page
def health(request, engagement):
    """The health with its inputs, for pages that are watching."""
    engagement = pages.engagement_of(engagement)
    context = {"engagement": engagement} | desk.healthy(engagement)
    return render(request, "engagements/_health.html", context)


@require_GET
@member_page()
def timeline(request, engagement):
    """Everything that happened, newest first; the newest alone for a page that is watching."""
    engagement = pages.engagement_of(engagement)
    entries = engagement.timeline.for_side(side_of(request))
    if request.htmx:
        context = {"engagement": engagement, "entries": entries.newest_first()[:NEWEST_ENTRIES]}
        return render(request, "engagements/_timeline.html", context)
    rows, pager = rows_and_pager(request, entries, ordering="-at")
    context = pages.frame(engagement, _("Timeline")) | {"entries": rows, "pager": pager}
    return render(request, "engagements/timeline.html", context)
