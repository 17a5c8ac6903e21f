"""What the reviewed predictions say of all: accuracy without bias, and how many more are needed."""

from django.db.models import Count, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.figures import MINIMUM_N
from feedback.models import Feedback
from feedback.review import sampling
from feedback.review.models import ReviewItem
from feedback.review.sampling import Estimate

POINTS = (10, 5, 2, 1)  # to how many points accuracy is wished to be known
Verdict = Feedback.Verdict


def accuracy(engagement, model_version=None) -> Estimate | None:
    """Return the accuracy on all kept predictions (of one model version), from the drawn ones.

    An item counts for 1 / its probability, and for those of its draw that nobody has answered yet,
    who are a random part of it: items come in an order by lot. What was decided last counts;
    inputs that were rejected as not usable are neither right nor wrong.
    """
    drawn = ReviewItem.objects.drawn().filter(engagement=engagement)
    if model_version is not None:
        drawn = drawn.filter(prediction__model_version=model_version)
    answered = _answered_share(drawn)
    standing = Feedback.objects.current().filter(prediction=OuterRef("prediction"))
    rows = (
        drawn.answered()
        .annotate(verdict=Subquery(standing.values("verdict")[:1]))
        .filter(verdict__in=[Verdict.CONFIRM, Verdict.CORRECT])
        .values_list("verdict", "probability", "draw")
    )
    right = [verdict == Verdict.CONFIRM for verdict, _p, _draw in rows]
    return sampling.estimate(right, [p * answered[draw] for _verdict, p, draw in rows])


def shown(engagement, model_version=None) -> Estimate | None:
    """The same, once it is from enough answers to be shown."""
    found = accuracy(engagement, model_version)
    return found if found and found.n >= MINIMUM_N else None


def advice(engagement, model_version) -> list[dict]:
    """Return [{points, more}]: how many more reviews it takes to know accuracy to ± points.

    Those widths that are not reached yet, the widest first. Before there are enough reviews it is
    planned from the model's interval on its test split.
    """
    found, test = (
        accuracy(engagement, model_version),
        model_version and model_version.test_evaluation,
    )
    n = found.n if found else 0
    if n >= MINIMUM_N:
        reached, share = (found.high - found.low) / 2, sampling.cautious(found)
        gain = found.n_effective / n
    elif test:
        reached, share, gain = 1.0, max(0.5, test.accuracy_low), 1.0
    else:
        return []
    return [
        {"points": points, "more": sampling.needed(share, points / 100, n=n, gain=gain)}
        for points in POINTS
        if points / 100 < reached
    ]


def in_words(advised: dict) -> str:
    """One piece of advice as a sentence."""
    told = ngettext(
        "Review %(more)s more to know accuracy to ± %(points)s points.",
        "Review %(more)s more to know accuracy to ± %(points)s points.",
        advised["more"],
    )
    return told % advised


def as_metric(found: Estimate | None, label: str) -> dict:
    """What the metric component shows of an estimate, once it is from enough answers."""
    left = MINIMUM_N - (found.n if found else 0)
    if left > 0:
        words = ngettext("shown after %s more review", "shown after %s more reviews", left)
        return {"label": label, "text": "–", "note": words % left}
    note = _("Of all kept predictions, by how likely each was to be drawn.")
    ends = {"low": found.low, "high": found.high, "n": found.n, "target": None}
    return {"label": label, "badge": "live", "value": found.value, "note": note, **ends}


def _answered_share(drawn) -> dict[int, float]:
    """Of each draw, the part somebody has answered."""
    all_ = _by_draw(drawn)
    done = _by_draw(drawn.answered())
    return {draw: done.get(draw, 0) / n for draw, n in all_.items()}


def _by_draw(items) -> dict[int, int]:
    return dict(items.values_list("draw").annotate(n=Count("pk")).order_by("draw"))
