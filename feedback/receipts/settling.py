"""Settling: what the answers of all people and keys to a prediction come to."""

from collections import defaultdict

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feedback.iteration import due
from feedback.models import Feedback
from feedback.receipts.models import Receipt
from feedback.review import queue, trust
from training.models import Split, VersionItem

SURE = 0.95  # a model that was as sure as that is not corrected by one person alone
WHY = {
    "trust": _("The reviewer was too often wrong on images whose label is known."),
    "holdout": _("The image is in the holdout that models are judged by."),
    "protected": _("It concerns a protected class."),
    "sure": _("The model was very sure."),
}
State = Receipt.State


def settle(predictions) -> None:
    """Write the receipts of these predictions anew from their answers; needs their lock.

    People who agree, or one person where that is enough, make a label accepted; a person who
    decides between others does so too. Whatever becomes accepted makes the engagement's data
    iteration look whether it is time.
    """
    said = _opinions(predictions)
    there = _receipts(predictions)
    doubts = _Doubts(predictions, said)
    new, accepted, undecided = [], set(), []
    for prediction in predictions:
        row = there.get(prediction.pk) or Receipt(prediction=prediction)
        row.engagement = prediction.endpoint.engagement
        if not said[prediction.pk]:
            Receipt.objects.filter(pk=row.pk, fate="").delete()  # the last answer was taken back
            continue
        if not _is_changed(row, prediction, said[prediction.pk], doubts):
            continue
        new.append(row)
        if row.state == State.ACCEPTED:
            accepted.add(row.engagement)
        else:
            undecided.append(prediction)
    _save(new)
    queue.put_in(undecided)
    due.look_at({prediction.endpoint.engagement for prediction in predictions}, accepted)


def _receipts(predictions) -> dict:
    """Locked, since a data iteration may be taking them up at this moment."""
    rows = Receipt.objects.filter(prediction__in=predictions).order_by("pk").select_for_update()
    return {row.prediction_id: row for row in rows}


def _opinions(predictions) -> dict:
    """The newest answer of each person and key, oldest first, by prediction."""
    by_author = defaultdict(dict)
    for row in Feedback.objects.opinions().filter(prediction__in=predictions):
        author = row.created_by_id or row.api_key_id or row.created_by_label
        by_author[row.prediction_id].pop(author, None)
        by_author[row.prediction_id][author] = row
    return defaultdict(list, {pk: list(rows.values()) for pk, rows in by_author.items()})


def label_said(feedback, prediction) -> str:
    """What an answer says the input is; blank for one that is not usable."""
    if feedback.verdict == Feedback.Verdict.CONFIRM:
        return prediction.label
    return feedback.label


def labels_said(prediction) -> list[str]:
    """What people and keys said it is, without who said which; sorted, each once."""
    said = _opinions([prediction])[prediction.pk]
    return sorted({label_said(one, prediction) or str(_("not usable")) for one in said})


def _is_changed(row, prediction, opinions, doubts) -> bool:
    """Put what the opinions come to into a receipt; say whether that is news."""
    facts = _facts(prediction, opinions, doubts)
    if not row._state.adding and all(getattr(row, name) == facts[name] for name in facts):
        return False
    if (row.state, row.label) != (facts["state"], facts["label"]):
        used = {"fate": "", "reason": "", "image": None, "iteration": None, "version": None}
        facts |= used | {"model_version": None, "answer": "", "settled_at": timezone.now()}
    for name, value in facts.items():
        setattr(row, name, value)
    return True


def _facts(prediction, opinions, doubts) -> dict:
    decided = [one for one in opinions if one.is_adjudication]
    labels = {label_said(one, prediction) for one in (decided[-1:] or opinions)}
    facts = {"opinions": len(opinions), "is_adjudicated": bool(decided), "why": "", "label": ""}
    facts["is_correction"] = labels != {prediction.label}
    if len(labels) > 1:
        return facts | {"state": State.ADJUDICATION}
    if len(opinions) == 1 and not decided and (why := doubts.why(prediction, opinions[0])):
        return facts | {"state": State.SECOND_OPINION, "why": why}
    return facts | {"state": State.ACCEPTED, "label": labels.pop()}


def _save(rows) -> None:
    fields = [f.name for f in Receipt._meta.concrete_fields if f.name not in ("id", "tenant")]
    Receipt.objects.bulk_create([row for row in rows if row._state.adding])
    Receipt.objects.bulk_update([row for row in rows if not row._state.adding], fields)


class _Doubts:
    """Which answers one person alone cannot settle; looks up what many predictions share once."""

    def __init__(self, predictions, said):
        people = {one.created_by_id for rows in said.values() for one in rows} - {None}
        self.distrusted = trust.low(people) if people else set()
        engagements = {p.endpoint.engagement_id: p.endpoint.engagement for p in predictions}
        self.protected = {pk: protected_classes(one) for pk, one in engagements.items()}
        self.held_out = _held_out(engagements.values(), {p.input_sha256 for p in predictions})

    def why(self, prediction, feedback) -> str:
        """Why a second opinion is asked for (a key of WHY), "" where it is not."""
        if feedback.created_by_id in self.distrusted:
            return "trust"
        if feedback.verdict != Feedback.Verdict.CORRECT:
            return ""
        if prediction.input_sha256 in self.held_out:
            return "holdout"
        protected = self.protected[prediction.endpoint.engagement_id]
        if {prediction.label, feedback.label} & protected:
            return "protected"
        return "sure" if prediction.score >= SURE else ""


def protected_classes(engagement) -> set[str]:
    """The classes that must not get worse: named by the policy, or with a least recall."""
    policy, requirement = getattr(engagement, "iteration_policy", None), engagement.requirement
    named = set(policy.protected_classes) if policy else set()
    return named | (set(requirement.minimum_recalls) if requirement else set())


def _held_out(engagements, hashes) -> set[str]:
    """Those of these inputs that are images of a holdout."""
    rows = VersionItem.objects.filter(
        version__dataset__engagement__in=list(engagements),
        split=Split.TEST,
        image__original_sha256__in=hashes,
    )
    return set(rows.values_list("image__original_sha256", flat=True))
