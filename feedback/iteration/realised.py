"""The accuracy a model version really had, by what people said of its answers."""

from feedback import figures as answers
from feedback.review import figures as review


def accuracy(engagement, model_version) -> dict | None:
    """Return {value, low, high, n, source} of a model version in use, or None below the least n.

    From the review queue, without bias, where enough was reviewed (source "review"); else from
    whatever was answered (source "answers"), which says more of what people looked at.
    """
    if found := review.shown(engagement, model_version):
        facts = {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
        return facts | {"source": "review"}
    for one in answers.by_version(engagement):
        if one.version == model_version.number and one.accuracy is not None:
            low, high = one.interval
            facts = {"value": one.accuracy, "low": low, "high": high, "n": one.n}
            return facts | {"source": "answers"}
    return None
