"""Pages that start runs made from model versions: an ensemble, a smaller network."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages
from lepton.lib.refusals import refusals_in
from training.compose_forms import CombineForm, DistilForm
from training.runs import services


@member_page(Capability.RUN)
def combine(request, engagement):
    """Choose model versions whose mean answer becomes a version of its own."""
    engagement = pages.engagement_of(engagement)
    form = CombineForm(engagement, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return redirect(services.start_run(engagement, **form.chosen, by=request.user))
    context = pages.frame(engagement, _models(request, engagement), _("Combine models"))
    status = 422 if form.errors else 200
    return render(request, "training/combine.html", context | {"form": form}, status=status)


@member_page(Capability.RUN)
def distil(request, engagement, pk):
    """Choose a smaller network that learns what a model version answers."""
    engagement = pages.engagement_of(engagement)
    teacher = get_object_or_404(engagement.model_versions.for_lists(), pk=pk)
    form = DistilForm(teacher, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals_in(form):
            return redirect(services.start_run(engagement, **form.chosen, by=request.user))
    crumbs = _models(request, engagement), (str(teacher), teacher.get_absolute_url())
    context = pages.frame(engagement, *crumbs, _("Teach a smaller network"))
    context |= {"form": form, "teacher": teacher}
    status = 422 if form.errors else 200
    return render(request, "training/distil.html", context, status=status)


def _models(request, engagement):
    return _("Models"), reverse("training:models", args=[request.tenant.slug, engagement.pk])
