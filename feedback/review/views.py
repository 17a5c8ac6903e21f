"""Pages of the review queue: one item after the other, by keyboard."""

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import holds, member_page
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback.review import forms, pages, services
from lepton.lib.refusals import refusals_in


@require_GET
@member_page()
def review(request, engagement):
    """The queue; for htmx the item that follows the one at `after`."""
    engagement = engagement_of(engagement)
    if request.htmx:
        return _next(request, engagement, after=_number(request.GET.get("after")))
    context = pages.whole(request, engagement, forms.DrawForm())
    return render(request, "feedback/review.html", context)


@require_GET
@member_page()
def figures(request, engagement):
    """What the reviewed predictions say of all, live."""
    context = pages.summary(engagement_of(engagement))
    return render(request, "feedback/_review_figures.html", context)


@require_POST
@member_page(Capability.FEEDBACK)
def draw(request, engagement):
    """Draw predictions into the queue."""
    engagement, form = engagement_of(engagement), forms.DrawForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            services.draw(engagement, **form.cleaned_data, by=request.user)
            return redirect("feedback:review", request.tenant.slug, engagement.pk)
    context = pages.whole(request, engagement, form)
    return render(request, "feedback/review.html", context, status=422)


@require_POST
@member_page(Capability.FEEDBACK)
def answer(request, engagement, review_item):
    """Take an answer and show the next item."""
    engagement, form = engagement_of(engagement), forms.AnswerForm(request.POST)
    item = pages.item_of(engagement, review_item)
    if form.is_valid():
        with refusals_in(form):
            manages = holds(request, Capability.MANAGE)
            made = services.answer(item, by=request.user, manages=manages, **form.cleaned_data)
            return _next(request, engagement, said=_said(made))
    errors = [text for texts in form.errors.values() for text in texts]
    return _next(request, engagement, said=" ".join(errors), status=422)


@require_POST
@member_page(Capability.FEEDBACK)
def undo(request, engagement):
    """Take the last answer back and show its item again."""
    engagement, form = engagement_of(engagement), forms.UndoForm(request.POST)
    form.is_valid()
    with refusals_in(form):
        undone = services.undo(engagement, by=request.user)
        before = undone.item.position - 1e-12
        return _next(request, engagement, after=before, said=_("Taken back: %s") % undone)
    return _next(request, engagement, said=" ".join(form.non_field_errors()), status=422)


def _next(request, engagement, *, status=200, **about):
    """The next item; a form sent before htmx was there gets a whole page."""
    context = pages.shown(request, engagement, **about)
    if request.htmx:
        return render(request, "feedback/_review.html", context, status=status)
    context = pages.whole(request, engagement, forms.DrawForm()) | context
    return render(request, "feedback/review.html", context, status=status)


def _said(made) -> str:
    return _("Noted: %s") % made


def _number(text) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
