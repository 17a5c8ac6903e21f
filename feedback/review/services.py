"""Writes of reviewers: draw, answer, skip, undo."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import timeline
from engagements.models import Engagement
from feedback import services
from feedback.receipts.models import Receipt
from feedback.review import queue
from feedback.review.models import Review, ReviewItem
from lepton.lib import live
from lepton.lib.refusals import Conflict

MOST = 500  # drawn at once
Verdict = Review.Verdict


def topic_of(engagement) -> str:
    """What pages that show the queue listen to."""
    return f"review:{engagement.pk}"


def draw(engagement, *, wanted, by) -> list[ReviewItem]:
    """Draw about `wanted` more predictions into the queue, by lot."""
    if not 1 <= wanted <= MOST:
        raise ValidationError({"wanted": _("Draw between 1 and %s predictions.") % MOST})
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)  # draws count up
        made = queue.draw_items(engagement, wanted)
        if not made:
            raise Conflict(_("There is nothing to draw: every kept prediction is in the queue."))
        drawn = sum(item.probability is not None for item in made)
        timeline.record(engagement, "review.drawn", by=by, count=drawn)
        audit.record("review.drawn", engagement, by=by, count=drawn)
    live.look_again(engagement.tenant_id, topic_of(engagement))
    return made


def answer(item, *, verdict, by, label="", manages=False) -> Review:
    """Take a person's answer: confirm, correct to `label`, reject the input, or skip the item.

    What people differ on is decided by a third one, or by who `manages` the tenant. Gold answers
    give no feedback, they only tell how far a reviewer can be relied on.
    """
    refuse_unless_person(by)
    with transaction.atomic():
        item = _locked(item)
        verdict, label = _plain(item, verdict, label)
        decides = _decides(item)
        if not queue.for_person(item.engagement, by, manages=manages).filter(pk=item.pk).exists():
            raise Conflict(_("You have answered this, or it was settled meanwhile: take the next."))
        facts = {"verdict": verdict, "label": label, "is_adjudication": decides}
        if verdict == Verdict.SKIP:
            facts |= {"label": "", "is_adjudication": False}
        elif item.is_gold:
            _check(item, verdict, label)
            facts["is_right"] = _what_it_is(item, verdict, label) == item.known_label
        else:
            facts["feedback"] = _give(item, verdict, label, decides, by)
        if verdict == Verdict.CONFIRM:
            facts["label"] = item.shown_label
        made = Review.objects.create(item=item, **facts, **author(by))
    live.look_again(item.tenant_id, topic_of(item.engagement))
    return made


def undo(engagement, *, by) -> Review:
    """Take a person's last answer back, with the feedback it gave."""
    refuse_unless_person(by)
    with transaction.atomic():
        mine = Review.objects.standing().filter(item__engagement=engagement, created_by=by)
        last = mine.select_for_update(of=("self",)).order_by("-created_at").first()
        if last is None:
            raise Conflict(_("There is nothing to undo."))
        if last.feedback:
            _refuse_if_used(last.feedback.prediction)
            services.withdraw(last.feedback, by=by)
        Review.objects.filter(pk=last.pk).update(undone_at=timezone.now())
    live.look_again(engagement.tenant_id, topic_of(engagement))
    return last


def classes_of(item) -> list[str]:
    """The labels an item may be given."""
    if item.prediction:
        return services.classes_of(item.prediction)
    return item.evaluated.evaluation.model_version.classes


def refuse_unless_person(by) -> None:
    """Keys do not review: trust is in people."""
    if not isinstance(by, User):
        raise ValidationError(_("Reviews are given by people: sign in."))


def _locked(item) -> ReviewItem:
    rows = ReviewItem.objects.select_for_update(of=("self",)).select_related(
        "engagement__tenant",
        "prediction__model_version",
        "prediction__endpoint__engagement__tenant",
        "evaluated__evaluation__model_version",
    )
    return rows.get(pk=item.pk)


def _plain(item, verdict, label) -> tuple[str, str]:
    """To correct a label to what the model said is to confirm it."""
    if verdict not in Verdict.values:
        raise ValidationError({"verdict": _("Say confirm, correct, reject or skip.")})
    label = label.strip()
    same = verdict == Verdict.CORRECT and label == item.shown_label
    return (Verdict.CONFIRM, "") if same else (verdict, label)


def _decides(item) -> bool:
    receipt = None if item.is_gold else getattr(item.prediction, "receipt", None)
    return bool(receipt) and receipt.state == Receipt.State.ADJUDICATION


def _check(item, verdict, label):
    """A gold answer has to make the same sense as any other."""
    if verdict == Verdict.CORRECT and label not in classes_of(item):
        names = ", ".join(f"“{name}”" for name in classes_of(item))
        raise ValidationError({"label": _("Name the right label, one of %s.") % names})


def _what_it_is(item, verdict, label) -> str:
    return item.shown_label if verdict == Verdict.CONFIRM else label


def _give(item, verdict, label, decides, by):
    said = {"verdict": verdict, "label": label, "decides": decides}
    return services.give(item.prediction, **said, by=by)[0]


def _refuse_if_used(prediction):
    receipt = Receipt.objects.filter(prediction=prediction).exclude(fate="").first()
    if receipt:
        raise Conflict(
            _("It is in a dataset version already: answer the prediction anew on its own page.")
        )
