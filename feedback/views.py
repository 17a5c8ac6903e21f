"""Pages of predictions and what people say of them."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import member_page
from accounts.roles import Capability
from engagements import pages
from feedback import figures, forms, services
from feedback import predictions as log
from feedback.receipts import words
from feedback.receipts.models import Receipt
from feedback.review import pages as review_pages
from lepton.lib.paging import rows_and_pager
from lepton.lib.refusals import refusals_in


@require_GET
@member_page()
def predictions(request, engagement):
    """The predictions of an engagement, newest first, with what was said of each."""
    engagement = pages.engagement_of(engagement)
    choices = {"labels": log.labels_of(engagement), "clients": log.clients()}
    form = forms.PredictionFilter(request.GET, **choices)
    found = log.matching(log.of(engagement), **form.narrowed)
    rows, pager = rows_and_pager(request, found, ordering="-at")
    context = pages.frame(engagement, _("Feedback")) | _figures(engagement)
    context |= {"rows": rows, "pager": pager, "form": form, "narrowed": bool(form.narrowed)}
    if request.htmx:
        return render(request, "feedback/_predictions.html", context)
    return render(request, "feedback/predictions.html", context | _reviewed(engagement))


@require_GET
@member_page()
def prediction(request, engagement, prediction):
    """One prediction: what was sent, what was answered, what people said."""
    engagement = pages.engagement_of(engagement)
    row = log.one(prediction, engagement)
    return render(request, "feedback/prediction.html", _whole_page(row))


@require_http_methods(["GET", "POST"])
def give(request, **address):
    """The answers to one prediction, to be read or added to: a fragment for any page that asks
    with htmx, else the prediction's page."""
    return (_take if request.method == "POST" else _show)(request, **address)


@member_page()
def _show(request, engagement, prediction):
    return _answered(request, log.one(prediction, pages.engagement_of(engagement)))


@member_page(Capability.FEEDBACK)
def _take(request, engagement, prediction):
    row = log.one(prediction, pages.engagement_of(engagement))
    form = forms.FeedbackForm(request.POST)
    if form.is_valid():
        with refusals_in(form):
            services.give(row, **form.cleaned_data, by=request.user)
    return _answered(request, row, form)


@require_GET
@member_page()
def panel(request, engagement):
    """What people's answers add up to, for the overview."""
    engagement = pages.engagement_of(engagement)
    newest = log.of(engagement).order_by("-at")[:6]
    context = {"engagement": engagement, "newest": newest} | _figures(engagement)
    return render(request, "feedback/_panel.html", context)


def _reviewed(engagement):
    """What the review queue says of what answers, and how many more reviews would say more."""
    found = review_pages.summary(engagement)
    return {name: found[name] for name in ("champion", "metric", "advice")}


def _figures(engagement):
    versions = figures.by_version(engagement)
    return {
        "answers": figures.together(versions),
        "versions": versions,
        "newest_version": versions[0] if versions else None,
        "endpoint": engagement.endpoints.first(),
    }


def _answered(request, row, form=None):
    """A form sent before htmx was there gets a whole page."""
    template, context = (
        ("feedback/_feedback.html", _answers(row))
        if request.htmx
        else ("feedback/prediction.html", _whole_page(row))
    )
    status = 422 if form and form.errors else 200
    return render(request, template, context | {"form": form}, status=status)


def _whole_page(row):
    trail = (_("Feedback"), pages.url("feedback:predictions", row.endpoint.engagement))
    frame = pages.frame(row.endpoint.engagement, trail, row.label)
    return frame | _answers(row) | {"scores": log.scores(row)}


def _answers(row):
    history = list(row.feedback.newest_first())
    receipt = Receipt.objects.newest_first().filter(prediction=row).first()
    return {
        "receipt_steps": words.steps(receipt) if receipt else [],
        "prediction": row,
        "engagement": row.endpoint.engagement,
        "standing": next((one for one in history if one.superseded_at is None), None),
        "history": history,
        "classes": [name for name in services.classes_of(row) if name != row.label],
    }
