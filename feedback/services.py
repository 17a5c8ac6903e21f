"""Writes on feedback: an answer is never changed, a newer one supersedes it."""

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import timeline
from feedback.models import Feedback

Verdict = Feedback.Verdict


def give(prediction, *, verdict, by, label="", comment=""):
    """Answer a prediction: confirm it, correct its label, or reject its input as not usable.

    Returns (feedback, is_new). The same answer of the same author twice is one answer.
    """
    label, comment = label.strip(), comment.strip()
    check(prediction, verdict, label, comment, classes_of(prediction))
    with transaction.atomic():
        lock([prediction.pk])
        standing = prediction.feedback.current().first()
        feedback, is_new = replace(standing, prediction, verdict, label, comment, by)
        if is_new:
            _note(feedback, prediction, by)
    return feedback, is_new


def replace(standing, prediction, verdict, label, comment, by):
    """Put an answer in the place of the standing one, unless it says the same; needs the lock."""
    said = {"verdict": verdict, "label": label, "comment": comment}
    said |= author(by) | {"api_key_id": getattr(by, "key_id", None)}
    if standing and all(getattr(standing, name) == value for name, value in said.items()):
        return standing, False
    if standing:
        Feedback.objects.filter(pk=standing.pk, superseded_at=None).update(
            superseded_at=timezone.now()
        )
    return Feedback.objects.create(prediction=prediction, **said), True


def lock(prediction_ids):
    """Let one answer at a time be given to these predictions, until the transaction ends.

    Predictions can only be added and read, so there is no row lock to take on them.
    """
    keys = sorted(str(pk) for pk in prediction_ids)  # one order for all, so nobody waits in a ring
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('feedback ' || key, 0))"
            " FROM unnest(%s::text[]) WITH ORDINALITY AS keys(key, position) ORDER BY position",
            [keys],
        )


def classes_of(prediction) -> list[str]:
    """The labels a correction may name: what the model knows, and what is asked for since."""
    requirement = prediction.endpoint.engagement.requirement
    asked_for = requirement.classes if requirement else []
    return list(dict.fromkeys([*prediction.model_version.classes, *asked_for]))


def check(prediction, verdict, label, comment, classes):
    """Refuse an answer that makes no sense, naming the labels a correction may have."""
    if verdict not in Verdict.values:
        raise ValidationError({"verdict": _("Say confirm, correct or reject.")})
    if len(comment) > 1000:
        raise ValidationError({"comment": _("At most 1,000 characters.")})
    if verdict != Verdict.CORRECT:
        if label:
            raise ValidationError({"label": _("Only a correction names a label.")})
    elif label not in classes:
        names = ", ".join(f"“{name}”" for name in classes)
        raise ValidationError({"label": _("Name the right label, one of %s.") % names})
    elif label == prediction.label:
        message = _("The model said “%s” already: confirm it instead.") % label
        raise ValidationError({"label": message})


def _note(feedback, prediction, by):
    engagement = prediction.endpoint.engagement
    words = Verdict(feedback.verdict).label
    timeline.record(engagement, "feedback.given", by=by, verdict=words)
    audit.record("feedback.given", feedback, by=by, verdict=feedback.verdict, label=feedback.label)
