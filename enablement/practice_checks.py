"""The practicals done with a practice key, each verified from the calls the server saw."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from enablement import practicals
from enablement.models import PracticeAnswer, PracticeCall
from enablement.practicals import Seen

GOOD = 200
TOO_MANY = 429


def register():
    """Offer them to courses."""
    for find, title, task in OFFERED:
        key = f"practice.{find.__name__}"
        practicals.register(key, title, task, find, needs_key=True)


def authenticated(engagement, user) -> Seen | None:
    """A key of theirs was let in."""
    return _first(_calls(engagement, user).filter(status=GOOD))


def one_image(engagement, user) -> Seen | None:
    """A call with an image was answered."""
    return _first(_calls(engagement, user).filter(status=GOOD, images__gte=1))


def batch(engagement, user) -> Seen | None:
    """A call with several images was answered."""
    return _first(_calls(engagement, user).filter(status=GOOD, images__gte=2))


def replayed(engagement, user) -> Seen | None:
    """A call was answered again under its Idempotency-Key."""
    return _first(_calls(engagement, user).filter(status=GOOD, is_replay=True))


def throttle(engagement, user) -> Seen | None:
    """A refusal with 429, and the next call came no earlier than it said, and was answered."""
    calls = _calls(engagement, user)
    for refused in calls.filter(status=TOO_MANY):
        following = calls.filter(at__gt=refused.at).first()
        if following is None or following.status != GOOD:
            continue
        waited = following.at - refused.at
        if waited >= timedelta(seconds=refused.retry_after_seconds):
            evidence = {
                "refused_at": refused.at.isoformat(),
                "retry_after_seconds": refused.retry_after_seconds,
                "waited_seconds": round(waited.total_seconds(), 1),
            }
            return Seen(following.at, evidence)
    return None


def feedback(engagement, user) -> Seen | None:
    """They said something of one of their answers."""
    return _first_said(_answers(engagement, user))


def corrected(engagement, user) -> Seen | None:
    """They named another label than the one answered."""
    return _first_said(_answers(engagement, user).filter(verdict=PracticeAnswer.Verdict.CORRECT))


def _calls(engagement, user):
    return PracticeCall.objects.of_person(engagement, user).order_by("at")


def _answers(engagement, user):
    mine = {"call__engagement": engagement, "call__api_key__created_by": user}
    return PracticeAnswer.objects.filter(**mine).exclude(judged_at=None).order_by("judged_at")


def _first(calls) -> Seen | None:
    call = calls.first()
    return call and Seen(call.at, {"call": str(call.pk), "images": call.images})


def _first_said(answers) -> Seen | None:
    answer = answers.first()
    return answer and Seen(answer.judged_at, {"answer": answer.label, "said": answer.verdict})


OFFERED = [
    (
        authenticated,
        _("Say who you are"),
        _("Call your endpoint with your practice key in the Authorization header."),
    ),
    (
        one_image,
        _("Send one image"),
        _("Send the bytes of one image and read the label in the answer."),
    ),
    (
        batch,
        _("Send a batch"),
        _("Send at least two images in one request; each gets an answer of its own."),
    ),
    (
        throttle,
        _("Handle a throttle"),
        _(
            "Send images until you are refused with 429, wait as long as Retry-After says,"
            " and send again: only then."
        ),
    ),
    (
        replayed,
        _("Ask twice, be answered once"),
        _("Send the same request twice under one Idempotency-Key and get the same answer."),
    ),
    (
        feedback,
        _("Send feedback"),
        _("Confirm, correct or reject one of your answers by its prediction_id."),
    ),
    (
        corrected,
        _("Correct a wrong answer"),
        _("Take an answer that is wrong and send the label that is right."),
    ),
]
