"""Reads for the pages and the API of tickets."""

from datetime import UTC, datetime

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from feedback.tickets.models import Ticket
from serving.models import Prediction
from training.models import ModelVersion

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
BY_DUE = ("due", "pk")


def of(engagement):
    """The tickets of an engagement."""
    return by_due(engagement.tickets)


def queue():
    """What is not resolved, of all tenants; for the portfolio scope."""
    return by_due(Ticket.objects.unresolved())


def by_due(tickets):
    """With `due` to order by: the longest overdue first, last what waits for nobody of us."""
    return tickets.for_lists().annotate(due=Coalesce("answer_due_at", Value(NEVER)))


def one(pk, engagement=None) -> Ticket:
    """Return a ticket of the active tenant (and of `engagement`), or raise Http404."""
    rows = Ticket.objects.for_lists().select_related("prediction__endpoint", "model_version")
    if engagement:
        rows = rows.filter(engagement=engagement)
    return get_object_or_404(rows, pk=pk)


def about(prediction=None, model_version=None) -> dict:
    """What a ticket is about, by ids; None where none is given or there is no such row."""
    predictions = Prediction.objects.select_related("endpoint")
    return {
        "prediction": prediction and predictions.filter(pk=prediction).first(),
        "model_version": model_version and ModelVersion.objects.filter(pk=model_version).first(),
    }
