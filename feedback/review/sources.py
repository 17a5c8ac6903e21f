"""Where the queue's items come from: each source says how much it wants to see each prediction.

An app that knows more registers one in its `ready()`:
def weigh(engagement, predictions) -> np.ndarray: …  # float [n] >= 0
sources.register("drifted", _("Unlike the training data"), weigh)
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from feedback.health import DOUBTFUL
from serving.models import ShadowAnswer

RANDOM = "random"
RANDOM_SHARE = 0.6  # of what is drawn: with less of it, few answers cover too little (sampling.py)


class Source(NamedTuple):
    """A reason to look at a prediction."""

    key: str
    title: str
    weigh: Callable[..., np.ndarray]


_sources: dict[str, Source] = {}


def register(key: str, title: str, weigh) -> None:
    """Let `weigh(engagement, predictions)` want predictions, by a weight of 0 or more for each."""
    _sources[key] = Source(key, title, weigh)


def title_of(key: str) -> str:
    """The words for a source."""
    return str(_sources[key].title) if key in _sources else str(_NAMES.get(key, key))


def counts(items) -> list[tuple[str, int]]:
    """How many items came from each source, in words, the most first."""
    found = items.values_list("source").annotate(n=Count("pk")).order_by("-n", "source")
    return [(title_of(key), n) for key, n in found]


def mixture(engagement, predictions: Sequence) -> dict[str, tuple[float, np.ndarray]]:
    """Return {source: (its share of the draw, its weights float [n])}; random is always there."""
    wanted = {key: np.asarray(one.weigh(engagement, predictions)) for key, one in _sources.items()}
    wanted = {key: weights for key, weights in wanted.items() if weights.sum() > 0}
    each = (1 - RANDOM_SHARE) / len(wanted) if wanted else 0.0
    first = RANDOM_SHARE if wanted else 1.0
    parts = {RANDOM: (first, np.ones(len(predictions)))}
    return parts | {key: (each, weights) for key, weights in wanted.items()}


def uncertain(engagement, predictions) -> np.ndarray:
    """Answers the model was not sure of."""
    return np.array([one.score < DOUBTFUL for one in predictions], float)


def disagreeing(engagement, predictions) -> np.ndarray:
    """Answers that the variant beside the champion did not agree with."""
    rows = ShadowAnswer.objects.disagreements().filter(prediction__endpoint__engagement=engagement)
    apart = set(rows.values_list("prediction", flat=True))
    return np.array([one.pk in apart for one in predictions], float)


_NAMES = {
    RANDOM: _("Random"),
    "feedback": _("Feedback to be decided"),
    "gold": _("Known label"),
    "answered": _("Answered"),
}
register("uncertain", _("The model was not sure"), uncertain)
register("disagreement", _("Two models disagreed"), disagreeing)
