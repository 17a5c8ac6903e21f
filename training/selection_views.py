"""Pages of model selection: the catalogue as measured here, the recommendation, the choice."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages
from lepton.lib.refusals import refusals_in
from training import measuring
from training import selection as selections
from training.selection_forms import SelectionForm

NEWEST = 20


@require_GET
@member_page()
def selection(request, engagement):
    """What networks cost on this host, which is recommended, and which were chosen."""
    return _page(request, pages.engagement_of(engagement))


@require_POST
@member_page(Capability.RUN)
def choose_model(request, engagement):
    """Choose a network for the present iteration."""
    engagement = pages.engagement_of(engagement)
    form = SelectionForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            chosen = selections.choose(engagement, **form.cleaned_data, by=request.user)
            messages.success(request, _("Chosen: %s.") % chosen.backbone_title)
            return redirect("training:selection", request.tenant.slug, engagement.pk)
    return _page(request, engagement, form, status=422)


def _page(request, engagement, form=None, status=200):
    recommended = selections.recommend(engagement)
    suggested = {name: recommended[name] for name in ("backbone", "method")}
    suggested["reason"] = " ".join(recommended["reasons"])
    crumb = (_("Models"), reverse("training:models", args=[request.tenant.slug, engagement.pk]))
    context = pages.frame(engagement, crumb, _("Model selection")) | {
        "rows": selections.listed(),
        "gpu": measuring.newest("cuda:0"),
        "host": measuring.host(),
        "recommended": recommended,
        "chosen": engagement.selections.newest_first()[:NEWEST],
        "form": form or SelectionForm(initial=suggested),
    }
    return render(request, "training/selection.html", context, status=status)
