"""Pages of model versions: the list, the accuracy page, the images behind each figure."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import member_page
from accounts.roles import Capability, may
from engagements import pages
from engagements.privacy import person_of
from lepton.lib import media
from lepton.lib.paging import rows_and_pager
from training import approvals
from training.approval_views import ApprovalForm
from training.runs import card as model_card
from training.runs import files, lineage, quality, shown


@require_GET
@member_page()
def models(request, engagement):
    """All model versions of an engagement, newest first."""
    engagement = pages.engagement_of(engagement)
    rows, pager = rows_and_pager(request, engagement.model_versions.for_lists(), ordering="-number")
    context = pages.frame(engagement, _("Models")) | {
        "rows": quality.rows(rows, engagement.requirement),
        "pager": pager,
        "requirement": engagement.requirement,
        "next_steps": [_to_the_runs(request, engagement)],
        "actions": _actions(engagement, rows, may(request.role, Capability.RUN)),
    }
    return render(request, "training/models.html", context)


@require_GET
@member_page()
def model(request, engagement, pk):
    """What a model version is worth, on which images, and what it was made from."""
    engagement, version = _version(engagement, pk)
    context = pages.frame(engagement, _crumb(request, engagement), str(version))
    context |= quality.facts(version, engagement.requirement, request.tenant.slug)
    context |= lineage.facts(version) | {"may_run": may(request.role, Capability.RUN)}
    context |= {"may_decide": approvals.may_decide(person_of(request))}
    context["approval_form"] = ApprovalForm()
    return render(request, "training/model.html", context)


@require_GET
@member_page()
def answers(request, engagement, pk):
    """The held-out images behind a cell of the confusion matrix."""
    engagement, version = _version(engagement, pk)
    evaluation = version.test_evaluation
    if evaluation is None:
        raise Http404
    cell = {name: request.GET[name] for name in ("label", "answer") if name in request.GET}
    wrong = "wrong" in request.GET
    items = evaluation.items.cell(**cell, wrong=wrong).select_related("image")
    rows, pager = rows_and_pager(request, items, ordering=("score", "pk"), size=60)
    crumb = (str(version), version.get_absolute_url())
    context = pages.frame(engagement, _crumb(request, engagement), crumb, _("Images"))
    context |= {"version": version, "cell": cell, "pager": pager, "total": items.count()}
    context["wrong"] = wrong
    context["items"] = [(row, row.image.url) for row in rows]
    return render(request, "training/model_answers.html", context)


@require_GET
@member_page()
def card(request, engagement, pk):
    """The card of a model version as Markdown."""
    _engagement, version = _version(engagement, pk)
    headers = {"Content-Disposition": f'attachment; filename="model-card-v{version.number}.md"'}
    kind = "text/markdown; charset=utf-8"
    return HttpResponse(model_card.card_of(version), content_type=kind, headers=headers)


@require_GET
@member_page()
def model_file(request, engagement, pk, name):
    """Send the browser to one of a model version's files."""
    _engagement, version = _version(engagement, pk)
    if name not in files.NAMES:
        raise Http404
    return redirect(media.signed_url(f"{version.storage_prefix}/{name}"))


@require_GET
@member_page()
def quality_panel(request, engagement):
    """The newest model version against the target, for the engagement's overview."""
    engagement = pages.engagement_of(engagement)
    newest = engagement.model_versions.for_lists().first()
    requirement = engagement.requirement
    metric = requirement.metric if requirement else "accuracy"
    context = {
        "engagement": engagement,
        "version": newest,
        "metric": newest and shown.metric_of(newest.test_evaluation, requirement, metric),
    }
    return render(request, "training/_quality_panel.html", context)


def _version(engagement, pk):
    engagement = pages.engagement_of(engagement)
    return engagement, get_object_or_404(engagement.model_versions.for_lists(), pk=pk)


def _to_the_runs(request, engagement):
    url = reverse("training:runs", args=[request.tenant.slug, engagement.pk])
    return {"label": _("To the runs"), "icon": "runs", "url": url, "kind": "primary"}


def _actions(engagement, rows, may_run):
    measured = [one for one in rows if one.test_evaluation]
    if len(measured) < 2:
        return [_to_the_selection(engagement)]
    newest, before = measured[:2]
    url = f"{pages.url('training:compare_models', engagement)}?a={before.pk}&b={newest.pk}"
    compare = {"label": _("Compare"), "icon": "target", "url": url}
    combine = {"label": _("Combine"), "icon": "models"}
    combine["url"] = pages.url("training:combine", engagement)
    return [compare, *([combine] if may_run else []), _to_the_selection(engagement)]


def _to_the_selection(engagement):
    url = pages.url("training:selection", engagement)
    return {"label": _("Model selection"), "icon": "target", "url": url}


def _crumb(request, engagement):
    return _("Models"), reverse("training:models", args=[request.tenant.slug, engagement.pk])
