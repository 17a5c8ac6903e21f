"""Many answers at once: each taken or refused by itself, told of in one line of the timeline."""

from collections import Counter
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from engagements import timeline
from feedback import predictions, services
from feedback.models import Feedback
from feedback.receipts import settling


@dataclass(frozen=True)
class Outcome:
    """What became of one answer; `status` is that of the same answer given alone."""

    status: int
    feedback: Feedback | None = None
    error: str | None = None


def give_many(answers, *, by) -> list[Outcome]:
    """Take answers, dicts of (prediction_id or reference), verdict, label and comment.

    Where two of them mean the same prediction, the later one stands.
    """
    with transaction.atomic():
        found = _predictions(answers)
        services.lock({row.pk for row in found.values()})
        taker = _Taker(found, by)
        outcomes = [taker.outcome(answer) for answer in answers]
        settling.settle(list(taker.answered.values()))
        taker.note()
    return outcomes


def _predictions(answers):
    ids = [a["prediction_id"] for a in answers if a.get("prediction_id")]
    return predictions.known(ids, [a["reference"] for a in answers if a.get("reference")])


class _Taker:
    """Takes one answer after the other, remembering what stands."""

    def __init__(self, found, by):
        self.found, self.by = found, by
        rows = Feedback.objects.current().filter(prediction__in=list(found.values()))
        self.standing = {row.prediction_id: row for row in rows}
        self.classes, self.taken, self.answered = {}, Counter(), {}

    def outcome(self, answer) -> Outcome:
        try:
            prediction = self.found.get(predictions.key_of(answer))
            if prediction is None:
                return Outcome(404, error=_("No prediction has this id or reference."))
            return self._take(prediction, answer)
        except ValidationError as error:
            return Outcome(400, error=" ".join(error.messages))

    def _take(self, prediction, answer):
        said = [answer["verdict"], answer.get("label", "").strip()]
        said.append(answer.get("comment", "").strip())
        services.check(prediction, *said, self._classes_of(prediction))
        standing = self.standing.get(prediction.pk)
        feedback, is_new = services.replace(standing, prediction, *said, self.by)
        self.standing[prediction.pk] = feedback
        if is_new:
            self.taken[prediction.endpoint.engagement] += 1
            self.answered[prediction.pk] = prediction
        return Outcome(201 if is_new else 200, feedback)

    def _classes_of(self, prediction):
        key = prediction.model_version_id, prediction.endpoint.engagement_id
        if key not in self.classes:
            self.classes[key] = services.classes_of(prediction)
        return self.classes[key]

    def note(self):
        for engagement, count in self.taken.items():
            timeline.record(engagement, "feedback.given_in_bulk", by=self.by, count=count)
            audit.record("feedback.given_in_bulk", engagement, by=self.by, count=count)
