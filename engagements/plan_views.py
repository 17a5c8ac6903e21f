"""Pages of the plan: action items, milestones, documents and decisions of an engagement."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import documents, milestones, pages, plan, plan_forms, plan_pages
from engagements.plan_rights import refuse_unless_owed_by
from engagements.privacy import side_of
from lepton.lib import media
from lepton.lib.refusals import refusals_in, refusals_told

DATA, ENGAGE = Capability.DATA, Capability.ENGAGE


@require_GET
@member_page()
def show(request, engagement):
    """The plan; the part that changes alone for a page that is watching."""
    return _page(request, pages.engagement_of(engagement))


@require_POST
@member_page(ENGAGE)
def add_item(request, engagement):
    """Plan an action item."""
    return _add(request, engagement, "item", plan_forms.ActionItemForm, plan.add_item)


@member_page(ENGAGE)
def change_item(request, engagement, item):
    """Change an action item that is open."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    found = get_object_or_404(engagement.actionitems.for_side(side), pk=item)
    facts = {"engagement": engagement, "side": side, "item": found}
    initial = plan_forms.item_as_initial(found)
    form = plan_forms.ActionItemForm(request.POST or None, initial=initial, **facts)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            plan.change_item(found, **form.cleaned_data, by=request.user)
            return redirect("engagements:plan", request.tenant.slug, engagement.pk)
    context = pages.frame(engagement, _("Plan")) | {"item": found, "form": form}
    status = 422 if form.errors else 200
    return render(request, "engagements/action_item.html", context, status=status)


@require_POST
@member_page(ENGAGE)
def add_milestone(request, engagement):
    """Set a milestone."""
    add = milestones.add_milestone
    return _add(request, engagement, "milestone", plan_forms.MilestoneForm, add)


@require_POST
@member_page(ENGAGE)
def record_decision(request, engagement):
    """Keep a decision."""
    add = milestones.record_decision
    return _add(request, engagement, "decision", plan_forms.DecisionForm, add)


@require_POST
@member_page(DATA, scoped=False)
def add_document(request, engagement):
    """Store a file, and then add it to the record."""
    with tenant_scope(request.tenant):
        engagement, side = pages.engagement_of(engagement), side_of(request)
    sent = (request.POST, request.FILES)
    form = plan_forms.DocumentForm(*sent, engagement=engagement, side=side)
    if form.is_valid():
        with refusals_in(form):
            data = dict(form.cleaned_data)
            data["file"] = documents.store(data["file"], tenant_id=engagement.tenant_id)
            with tenant_scope(request.tenant):
                documents.add_document(engagement, data.pop("title"), **data, by=request.user)
            return redirect("engagements:plan", request.tenant.slug, engagement.pk)
    with tenant_scope(request.tenant):
        return _page(request, engagement, {"document": form}, status=422)


@require_POST
@member_page()
def complete_item(request, engagement, item):
    """Note that it is done; whom it was given to may say so whatever their role."""
    refuse_unless_owed_by(request, item)
    return _act(request, engagement, "actionitems", item, plan.complete_item)


@require_POST
@member_page()
def reopen_item(request, engagement, item):
    """Take that back."""
    refuse_unless_owed_by(request, item)
    return _act(request, engagement, "actionitems", item, plan.reopen_item)


@require_POST
@member_page(ENGAGE)
def drop_item(request, engagement, item):
    """Note that it is no longer needed."""
    why = request.POST.get("reason", "")
    return _act(request, engagement, "actionitems", item, plan.drop_item, reason=why)


@require_POST
@member_page(ENGAGE)
def reach_milestone(request, engagement, milestone):
    """Note that it is reached."""
    return _act(request, engagement, "milestones", milestone, milestones.reach_milestone)


@require_POST
@member_page(ENGAGE)
def remove_document(request, engagement, document):
    """Take a document away."""
    return _act(request, engagement, "documents", document, documents.remove_document)


@require_GET
@member_page()
def document(request, engagement, document):
    """Open a document by an address that is good for five minutes."""
    found = pages.engagement_of(engagement).documents.for_side(side_of(request))
    row = get_object_or_404(found, pk=document, removed_at=None)
    return redirect(media.signed_url(row.storage_key, save_as=row.file_name))


@member_page(Capability.FEEDBACK)
def rate(request, engagement, milestone):
    """Say how satisfied one is with what was reached."""
    engagement = pages.engagement_of(engagement)
    row = get_object_or_404(engagement.milestones.for_side(side_of(request)), pk=milestone)
    form = plan_forms.RatingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            milestones.rate_milestone(row, **form.cleaned_data, by=request.user)
            messages.success(request, _("Thank you: both sides see your answer."))
            return redirect("engagements:plan", request.tenant.slug, engagement.pk)
    context = pages.frame(engagement, _("Rate a milestone")) | {"milestone": row, "form": form}
    status = 422 if form.errors else 200
    return render(request, "engagements/rate.html", context, status=status)


def _add(request, engagement, name, form_class, add):
    """Fill a form of the plan: what is refused is said in its dialog."""
    engagement = pages.engagement_of(engagement)
    form = form_class(request.POST, engagement=engagement, side=side_of(request))
    if form.is_valid():
        with refusals_in(form):
            data = dict(form.cleaned_data)
            add(engagement, data.pop("title"), **data, by=request.user)
            return redirect("engagements:plan", request.tenant.slug, engagement.pk)
    return _page(request, engagement, {name: form}, status=422)


def _act(request, engagement, rows, pk, act, **words):
    """Do something to one row of the plan, and say why if it is refused."""
    engagement = pages.engagement_of(engagement)
    row = get_object_or_404(getattr(engagement, rows).for_side(side_of(request)), pk=pk)
    with refusals_told(request):
        act(row, by=request.user, **words)
    return redirect("engagements:plan", request.tenant.slug, engagement.pk)


def _page(request, engagement, refused=None, status=200):
    side = side_of(request)
    context = plan_pages.facts(engagement, side)
    if request.htmx:
        return render(request, "engagements/_plan.html", {"engagement": engagement} | context)
    context |= pages.frame(engagement, _("Plan"))
    context["forms"] = plan_pages.forms_of(engagement, side) | (refused or {})
    return render(request, "engagements/plan.html", context, status=status)
