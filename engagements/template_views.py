"""Pages of templates: the vendor's own, above any tenant."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import staff_page
from engagements import templates
from engagements.models import EngagementTemplate
from engagements.template_forms import TemplateForms
from lepton.lib.refusals import refusals_in, refusals_told


@require_GET
@staff_page
def show_all(request):
    """The templates an engagement can be opened with, and the retired ones."""
    retired = EngagementTemplate.objects.exclude(retired_at=None).order_by("name")
    context = {"offered": EngagementTemplate.objects.offered(), "retired": retired}
    context |= {"may_edit": request.user.is_account_manager}
    return render(request, "engagements/templates.html", context)


@staff_page
def create(request):
    """A template of one's own."""
    _refuse_others(request)
    return _edit(request, None)


@staff_page
def show(request, template):
    """One template; account managers change it here."""
    found = get_object_or_404(EngagementTemplate, pk=template)
    if request.method == "POST":
        _refuse_others(request)
    return _edit(request, found)


@require_POST
@staff_page
def retire(request, template):
    """Offer it no longer."""
    _refuse_others(request)
    found = get_object_or_404(EngagementTemplate, pk=template)
    with refusals_told(request):
        templates.retire_template(found, by=request.user)
        messages.success(request, _("“%s” is offered no longer.") % found.name)
    return redirect("engagements:templates")


def _edit(request, template):
    filled = TemplateForms(request.POST or None, template=template)
    if request.method == "POST" and filled.is_valid():
        with refusals_in(filled.form):
            answers = filled.answers
            saved = templates.save_template(answers.pop("key"), **answers, by=request.user)
            messages.success(request, _("“%s” is saved.") % saved.name)
            return redirect("engagements:template", saved.pk)
    context = {"template": template, "filled": filled, "may_edit": request.user.is_account_manager}
    status = 422 if request.method == "POST" else 200
    return render(request, "engagements/template.html", context, status=status)


def _refuse_others(request):
    if not request.user.is_account_manager:
        raise PermissionDenied(_("Your role does not include this."))
