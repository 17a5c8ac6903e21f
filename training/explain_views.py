"""The page of one evaluated image: what was answered, and what the model looked at."""

import json

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import member_page
from accounts.roles import Capability, may
from engagements import pages
from lepton.lib.refusals import refusals_told
from training import explanations
from training.models import EvaluatedItem


@require_GET
@member_page()
def image(request, engagement, pk, answer):
    """One image of the test split with the scores of all classes."""
    engagement, version, found = _found(engagement, pk, answer)
    models = _("Models"), reverse("training:models", args=[request.tenant.slug, engagement.pk])
    crumbs = models, (str(version), version.get_absolute_url()), found.path
    context = pages.frame(engagement, *crumbs) | _shown(request, version, found)
    template = "training/_looked_at.html" if request.htmx else "training/model_image.html"
    return render(request, template, context)


@require_POST
@member_page(Capability.PREDICT)
def explain(request, engagement, pk, answer):
    """Ask what the model looked at, for one class and by one method."""
    engagement, version, found = _found(engagement, pk, answer)
    method = request.POST.get("method", "")
    label = request.POST.get("label") or found.answer
    with refusals_told(request):
        explanations.ask(version, found.image, method, label=label, by=request.user)
    if not request.htmx:
        return redirect("training:model_image", request.tenant.slug, engagement.pk, pk, answer)
    context = {"engagement": engagement} | _shown(request, version, found)
    return render(request, "training/_looked_at.html", context)


def _found(engagement, pk, answer):
    engagement = pages.engagement_of(engagement)
    version = get_object_or_404(engagement.model_versions.for_lists(), pk=pk)
    rows = EvaluatedItem.objects.filter(evaluation__model_version=version)
    return engagement, version, get_object_or_404(rows.select_related("image"), pk=answer)


def _shown(request, version, found) -> dict:
    asked = explanations.of_image(version, found.image_id)
    return {
        "version": version,
        "found": found,
        "url": found.image.url,
        "scores": _ranked(version, found),
        "asked": [(one, json.dumps(one.heat)) for one in asked],
        "topics": " ".join(one.topic for one in asked if not one.has_ended),
        "methods": [(one.value, one.label) for one in explanations.possible(version)],
        "may_ask": may(request.role, Capability.PREDICT) and not found.image.erased_at,
    }


def _ranked(version, found) -> list[dict]:
    pairs = zip(version.classes, found.scores, strict=True)
    return [{"label": n, "score": s} for n, s in sorted(pairs, key=lambda pair: -pair[1])]
