"""Pages that look at a model version more closely: threshold, calibration, slices, comparison."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import member_page
from engagements import pages
from training.depth_forms import ThresholdForm
from training.runs import depth, quality, shown


@require_GET
@member_page()
def threshold(request, engagement, pk):
    """One class at one threshold: what is found, missed, and what it costs."""
    engagement, version, answers = _answers(engagement, pk)
    form = ThresholdForm(request.GET, classes=version.classes)
    asked = form.asked
    facts = depth.operating(answers, asked["label"], asked["threshold"], engagement.requirement)
    context = {"engagement": engagement, "version": version, "form": form, "facts": facts}
    context |= depth.drawn(facts["curve"]) if facts["curve"] else {}
    return render(request, "training/_threshold.html", context)


@require_GET
@member_page()
def closer(request, engagement, pk):
    """How far its confidence can be trusted, and on which images it does worse."""
    _engagement, version, answers = _answers(engagement, pk)
    context = {
        "version": version,
        "bins": depth.calibration(answers),
        "slices": depth.slices(answers),
    }
    return render(request, "training/_closer.html", context)


@require_GET
@member_page()
def compare(request, engagement):
    """Two model versions on the same images."""
    engagement = pages.engagement_of(engagement)
    versions = engagement.model_versions.for_lists()
    chosen = [_chosen(versions, request.GET.get(name)) for name in ("a", "b")]
    crumb = _("Models"), reverse("training:models", args=[request.tenant.slug, engagement.pk])
    context = pages.frame(engagement, crumb, _("Compare")) | {"versions": versions}
    context |= {"a": chosen[0], "b": chosen[1], "is_chosen": None not in chosen}
    if context["is_chosen"]:
        both = [depth.Answers(one.test_evaluation) for one in chosen]
        context["found"] = depth.comparison(*both)
        context["rows"] = quality.side_by_side(*chosen)
        context["curves"] = shown.overlaid([one.run for one in chosen])
    return render(request, "training/compare.html", context)


def _answers(engagement, pk):
    engagement = pages.engagement_of(engagement)
    version = get_object_or_404(engagement.model_versions.for_lists(), pk=pk)
    if version.test_evaluation is None:
        raise Http404
    return engagement, version, depth.Answers(version.test_evaluation)


def _chosen(versions, pk):
    found = [one for one in versions if str(one.pk) == pk and one.test_evaluation]
    return found[0] if found else None
