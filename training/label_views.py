"""The page on which people label images by keyboard, several at once."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from accounts.access import member_page
from accounts.roles import Capability
from engagements.pages import engagement_of
from lepton.lib.refusals import refusals_in
from training import data_pages
from training.datasets import labelling, suggestions
from training.label_forms import LabelForm

KEYS = "123456789abcdefghijklmopqrtvwxyz"  # without s, n and u: skip, next and undo
RECENT = 8


@member_page(Capability.DATA)
def label(request, engagement, dataset):
    """Show the next image without a label, and take what is decided of one."""
    engagement = engagement_of(engagement)
    dataset = data_pages.dataset_of(engagement, dataset)
    form = LabelForm(request.POST or None)
    hand = _decide(request, dataset, form) if request.method == "POST" else {}
    context = data_pages.data_frame(engagement, _("Label images")) | {"dataset": dataset}
    hand["skipped"] = "skipped" in request.GET or "skipped" in request.POST
    if request.method == "POST" and not request.htmx:
        if form.errors:
            messages.error(request, form.refusal)
        return redirect(request.get_full_path())
    context |= _shown(dataset, request.user, **hand)
    template = "training/_labelling.html" if request.htmx else "training/labelling.html"
    answer = render(request, template, context)
    said = {"text": form.refusal, "tone": "bad"}
    return trigger_client_event(answer, "toast", said) if form.errors else answer


@member_page(Capability.DATA)
def suggestion(request, engagement, dataset, waiting):
    """What the newest model version says of an image, for who asked; never shown unasked."""
    dataset = data_pages.dataset_of(engagement_of(engagement), dataset)
    item = get_object_or_404(dataset.items.select_related("image"), pk=waiting)
    context = {"dataset": dataset, "item": item, "engagement": dataset.engagement}
    if request.method == "POST" and (version := suggestions.version_for(dataset)):
        suggestions.ask(version, item, by=request.user)
    context |= suggestions.of(dataset, item)
    return render(request, "training/_suggestion.html", context)


def _decide(request, dataset, form) -> dict:
    """Carry a decision out; what is refused is told, and the next image shown all the same."""
    if not form.is_valid():
        return {}
    wanted = form.cleaned_data
    if wanted["act"] == "undo":
        with refusals_in(form):
            return {"first": labelling.undo(dataset, by=request.user)}
        return {}
    item = get_object_or_404(dataset.items.select_related("dataset"), pk=wanted["item"])
    with refusals_in(form):
        if wanted["act"] == "label":
            labelling.label_item(item, wanted["label"], by=request.user)
        elif wanted["act"] == "skip":
            labelling.skip_item(item, by=request.user)
    return {"after": item.path}


def _shown(dataset, user, **hand) -> dict:
    coming = labelling.hand_out(dataset, by=user, **hand)
    requirement = dataset.engagement.requirement
    classes = requirement.classes if requirement else dataset.items.included().counts()
    return {
        "coming": [(item, item.image.url) for item in coming],
        "classes": [(name, KEYS[i : i + 1]) for i, name in enumerate(classes)],
        "progress": labelling.progress(dataset, by=user),
        "recent": labelling.history(dataset)[:RECENT],
        "skipped": hand.get("skipped"),
        "item": coming[0] if coming else None,
        **suggestions.of(dataset, None),
    }
