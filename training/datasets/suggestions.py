"""What a model would call an unlabelled image: worked out and shown only for who asks, since people
who see an answer first tend to agree with it."""

from training import explanations
from training.models import Explanation


def version_for(dataset):
    """The version that suggests: the newest that was measured, or None."""
    versions = dataset.engagement.model_versions.newest_first()
    return versions.filter(evaluations__isnull=False).first()


def ask(version, item, *, by) -> Explanation:
    """Have a version asked about an image."""
    return explanations.ask(version, item.image, Explanation.Method.ANSWER, by=by)


def of(dataset, item) -> dict:
    """The version that could be asked and, of an image somebody asked about, what it says."""
    version = version_for(dataset)
    asked = None
    if version is not None and item is not None:
        rows = version.explanations.filter(image=item.image, method=Explanation.Method.ANSWER)
        asked = rows.first()
    return {"suggests": version, "asked": asked, "suggested": asked and _scores(version, asked)}


def _scores(version, asked) -> list[tuple]:
    """(class, score), the surest first; nothing while it is being worked out."""
    pairs = zip(version.classes, asked.scores or (), strict=False)
    return sorted(pairs, key=lambda pair: -pair[1])[:3]
