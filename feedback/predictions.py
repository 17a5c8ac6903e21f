"""Predictions of an engagement, as those who answer them see them."""

import time

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Membership
from feedback.models import Feedback
from serving.models import Prediction

LOG_SECONDS = 1.0  # the data plane writes its log just behind its answer, within about 0.3 s
ANSWERED, UNANSWERED = "answered", "unanswered"


def of(engagement):
    """The predictions of an engagement's endpoint, each with its standing answer in `standing`."""
    standing = Prefetch("feedback", Feedback.objects.current(), to_attr="standing")
    here = list(engagement.endpoints.values_list("pk", flat=True))  # known, so an index sorts
    found = Prediction.objects.in_use().filter(endpoint__in=here)
    return found.select_related("model_version").prefetch_related(standing)


def labels_of(engagement) -> list[str]:
    """What the engagement's models answer with, from the models: the log may be long."""
    classes = engagement.model_versions.values_list("classes", flat=True)
    return sorted({label for names in classes for label in names})


def clients() -> list[tuple]:
    """(id, name) of the keys and people of the tenant that may ask an endpoint."""
    keys = [(str(pk), name) for pk, name in ApiKey.objects.newest_first().values_list("pk", "name")]
    members = Membership.objects.by_name().values_list("user", "user__name")
    return [*keys, *((str(pk), name) for pk, name in members)]


def matching(predictions, *, answer="", **wanted):
    """Only those with this answer, and with what PredictionQuerySet.matching knows."""
    predictions = predictions.matching(**wanted)
    if not answer:
        return predictions
    standing = Feedback.objects.current().filter(prediction=OuterRef("pk"))
    if answer == UNANSWERED:
        return predictions.filter(~Exists(standing))
    if answer != ANSWERED:
        standing = standing.filter(verdict=answer)
    return predictions.filter(Exists(standing))


def one(pk, engagement=None) -> Prediction:
    """Return a prediction of the active tenant (and of `engagement`), or raise Http404."""
    found = Prediction.objects.select_related("model_version", "endpoint__engagement__tenant")
    if engagement:
        found = found.filter(endpoint__engagement=engagement)
    return get_object_or_404(found, pk=pk)


def url(prediction) -> str:
    """Return the address of a prediction's page."""
    endpoint = prediction.endpoint
    where = [endpoint.tenant.slug, endpoint.engagement_id, prediction.pk]
    return reverse("feedback:prediction", args=where)


def known(ids=(), references=()) -> dict:
    """Return predictions of the active tenant by id, and the newest of each client reference."""
    found = Prediction.objects.select_related("model_version", "endpoint__engagement__tenant")
    by_id = {row.pk: row for row in found.filter(pk__in=ids)}
    newest = found.filter(reference__in=references).order_by("reference", "-at")
    return by_id | {row.reference: row for row in newest.distinct("reference")}


def referred(*, prediction_id=None, reference=None) -> Prediction:
    """Return the prediction of this id, or the newest with this client reference."""
    key = key_of({"prediction_id": prediction_id, "reference": reference})
    found = known([key], []) if prediction_id else known([], [key])
    if key not in found:
        raise Http404
    return found[key]


def key_of(answer):
    """Return what an answer refers to its prediction by; exactly one of the two is given."""
    given = [answer[name] for name in ("prediction_id", "reference") if answer.get(name)]
    if len(given) != 1:
        message = _("Give the prediction_id or your own reference, one of the two.")
        raise ValidationError({"prediction_id": message})
    return given[0]


def scores(prediction) -> list[dict]:
    """Return the answer's labels with their scores, the best first."""
    pairs = zip(prediction.model_version.classes, prediction.scores, strict=False)
    ranked = sorted(pairs, key=lambda pair: -pair[1])
    return [{"label": label, "score": score} for label, score in ranked]


def awaited(find, *arguments, **named) -> Prediction:
    """Return what `find` finds, within a second: clients can be quicker than the log."""
    until = time.monotonic() + LOG_SECONDS
    while True:
        try:
            return find(*arguments, **named)
        except Http404:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)
