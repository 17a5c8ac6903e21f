"""What practice keys say of their answers: checked like feedback, kept with their practice."""

from types import SimpleNamespace

from django.http import Http404

from enablement import practice
from feedback import services
from feedback.predictions import key_of


def give(*, by, verdict, label="", comment="", **names):
    """Say of an answer to a practice call what feedback would say; returns (it, is_new).

    Real predictions do not exist for a practice key. Raises Http404.
    """
    key_of(names)
    answer = practice.answer_of(by.key_id, **names)
    if answer is None:
        raise Http404
    label, comment = label.strip(), comment.strip()
    services.check(answer, verdict, label, comment, answer.classes)
    is_new = practice.judge(answer, verdict=verdict, label=label, comment=comment)
    return _as_feedback(answer, by), is_new


def _as_feedback(answer, by):
    """With the fields that the API gives of feedback."""
    return SimpleNamespace(
        id=answer.pk,
        prediction_id=answer.pk,
        verdict=answer.verdict,
        label=answer.right_label,
        comment=answer.comment,
        created_by_label=by.actor_label,
        created_at=answer.judged_at,
        superseded_at=None,
    )
