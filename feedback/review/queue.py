"""The queue: what comes in by lot, what is put in, and what a person is shown next."""

from itertools import zip_longest

import numpy as np
from django.db.models import Exists, Max, OuterRef, Q

from feedback.models import Feedback
from feedback.receipts.models import Receipt
from feedback.review import sampling, sources
from feedback.review.models import ANSWERED, GIVEN, GOLD, Review, ReviewItem, is_answered
from serving.models import Prediction
from training.models import EvaluatedItem

FRAME = 20_000  # newest predictions a draw can choose from
GOLD_EVERY = 10  # one gold item for so many drawn ones
State = Receipt.State


def draw_items(engagement, wanted: int) -> list[ReviewItem]:
    """Draw about `wanted` more predictions by lot, with gold among them; returns the new items.

    Every kept prediction has a number of its own in [0, 1) and is drawn when the rate it is offered
    exceeds it. A further draw only raises rates, so the highest rate offered is the probability
    with which a prediction came in, also over several draws. What was answered before it is drawn
    takes part like the rest, else the drawn ones would lack just what people found wrong; it has a
    draw number of its own, since of the others only some are answered yet.
    """
    frame = _frame(engagement)
    if not frame:
        return []
    there, said = _queued(frame), _said(frame)
    by_lot = sum(item.probability is not None for item in there.values())
    rates, source = _rates(engagement, frame, by_lot + wanted)
    number = _last_draw(engagement) + 1
    raised, lifted, new = [], [], []
    for prediction, rate, key in zip(frame, rates, source, strict=True):
        item, is_said = there.get(prediction.pk), prediction.pk in said
        draw = number + is_said
        if item and item.probability is not None:
            if rate > item.probability:
                item.probability = rate
                raised.append(item)
        elif sampling.lot("draw", prediction.endpoint_id, prediction.pk) < rate:
            if item:
                item.probability, item.draw = rate, draw
                lifted.append(item)
            else:
                facts = {"source": ANSWERED if is_said else key, "probability": rate, "draw": draw}
                new.append(_item(engagement, prediction.pk, prediction=prediction, **facts))
    ReviewItem.objects.bulk_update([*raised, *lifted], ["probability", "draw"], batch_size=1000)
    new += _gold(engagement, sum(item.draw == number for item in new), number)
    ReviewItem.objects.bulk_create(new, ignore_conflicts=True)
    return lifted + new


def put_in(predictions) -> None:
    """Have people look at predictions whose feedback one person cannot settle."""
    queued = ReviewItem.objects.filter(prediction__in=predictions).exclude(source=GOLD)
    queued = set(queued.values_list("prediction", flat=True))
    ReviewItem.objects.bulk_create(
        (
            _item(one.endpoint.engagement, one.pk, prediction=one, source=GIVEN)
            for one in predictions
            if one.pk not in queued
        ),
        ignore_conflicts=True,
    )


def for_person(engagement, user, *, manages=False):
    """Return what this person can still answer, in its order.

    That is what nobody answered, gold, and what waits for a second person. Where people differ, a
    third one decides, or one who manages the tenant, whatever they said before.
    """
    mine = Review.objects.standing().filter(item=OuterRef("pk"), created_by=user)
    said = Feedback.objects.opinions().filter(prediction=OuterRef("prediction"), created_by=user)
    state = "prediction__receipt__state"
    second = Q(**{state: State.SECOND_OPINION})
    differ = Q(**{state: State.ADJUDICATION})
    gold, fresh = Q(source=GOLD), ~is_answered()
    open_ = ~Exists(said) & (gold | fresh | second | differ)
    found = ReviewItem.objects.filter(engagement=engagement, evaluated__image__erased_at=None)
    shown = open_ & ~Exists(mine)
    if manages:
        shown |= differ & ~Q(source=GOLD) & ~Exists(mine.filter(is_adjudication=True))
    related = ("prediction__model_version", "prediction__receipt", "evaluated__image")
    return found.filter(shown).select_related(*related).order_by("position", "pk")


def next_for(engagement, user, *, manages=False, after: float | None = None) -> ReviewItem | None:
    """Return the first item a person can answer, or the one that follows a position."""
    items = for_person(engagement, user, manages=manages)
    following = items.filter(position__gt=after).first() if after is not None else None
    return following or items.first()


def _frame(engagement) -> list[Prediction]:
    """The newest predictions whose input was kept."""
    kept = Prediction.objects.filter(endpoint__engagement=engagement).exclude(input_key="")
    return list(kept.order_by("-at").only(*FRAME_FIELDS)[:FRAME])


FRAME_FIELDS = ("id", "tenant", "endpoint", "model_version", "at", "label", "score", "input_sha256")


def _queued(frame) -> dict:
    rows = ReviewItem.objects.filter(prediction__in=[one.pk for one in frame])
    return {row.prediction_id: row for row in rows.exclude(source=GOLD)}


def _said(frame) -> set:
    """Those of these predictions that have a standing answer."""
    rows = Feedback.objects.current().filter(prediction__in=[one.pk for one in frame])
    return set(rows.values_list("prediction", flat=True))


def _rates(engagement, frame, expected):
    """Each prediction's rate, and the source that wants it most, chosen by lot among them."""
    parts = sources.mixture(engagement, frame)
    rates = sampling.rates(list(parts.values()), expected)
    pull = np.cumsum([share * w / w.sum() for share, w in parts.values()], axis=0)
    lots = np.array([sampling.lot("source", one.pk) for one in frame]) * pull[-1]
    keys = list(parts)
    return rates.tolist(), [keys[i] for i in (pull <= lots).sum(axis=0)]


def _last_draw(engagement) -> int:
    rows = ReviewItem.objects.filter(engagement=engagement)
    return rows.aggregate(last=Max("draw"))["last"] or 0


def _gold(engagement, drawn: int, number: int) -> list[ReviewItem]:
    """Images whose label is known: of the holdout and of settled feedback in turn."""
    wanted = -(-drawn // GOLD_EVERY)
    held_out, settled = _held_out(engagement, wanted), _settled(engagement, wanted)
    rows = [one for pair in zip_longest(held_out, settled) for one in pair if one]
    return [
        _item(engagement, known["pk"], draw=number, source=GOLD, **known["facts"])
        for known in rows[:wanted]
    ]


def _held_out(engagement, wanted) -> list[dict]:
    """Test images of the champion, each gold once."""
    endpoint = engagement.endpoints.first()
    test = endpoint and endpoint.champion and endpoint.champion.model_version.test_evaluation
    if not test:
        return []
    used = ReviewItem.objects.filter(evaluated=OuterRef("pk"))
    rows = EvaluatedItem.objects.filter(~Exists(used), evaluation=test, image__erased_at=None)
    found = sorted(rows, key=lambda one: sampling.lot("gold", one.pk))[:wanted]
    return [{"pk": r.pk, "facts": {"evaluated": r, "known_label": r.label}} for r in found]


def _settled(engagement, wanted) -> list[dict]:
    """Predictions that two people agree on, or somebody decided."""
    used = ReviewItem.objects.filter(prediction=OuterRef("prediction"), source=GOLD)
    sure = Q(opinions__gte=2) | Q(is_adjudicated=True)
    rows = Receipt.objects.filter(
        ~Exists(used), sure, engagement=engagement, state=State.ACCEPTED
    ).exclude(Q(label="") | Q(prediction__input_key=""))
    return [
        {"pk": r.pk, "facts": {"prediction": r.prediction, "known_label": r.label}}
        for r in rows.select_related("prediction").order_by("-settled_at")[:wanted]
    ]


def _item(engagement, name, **facts) -> ReviewItem:
    place = sampling.lot("position", name, facts["source"])
    return ReviewItem(engagement=engagement, position=place, **facts)
