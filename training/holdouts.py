"""What acceptance contracts judge by: test splits as holdouts, evaluations as figures on them."""

from engagements.holdouts import Candidate, Holdout
from training.figures import measured
from training.models import DatasetVersion, Evaluation
from training.models.dataset import Split

NEWEST = 50  # evaluations and versions a page or a gate looks at


def holdouts_of(engagement) -> list[Holdout]:
    """Return the test splits of the engagement's dataset versions, the newest first."""
    versions = DatasetVersion.objects.filter(dataset__engagement=engagement)
    rows = versions.select_related("dataset").order_by("-created_at")[:NEWEST]
    return [Holdout(v.test_sha256, str(v), v.counts.get(Split.TEST, {})) for v in rows]


def candidates_of(engagement) -> list[Candidate]:
    """Return the engagement's model versions with their figures on test splits, newest first."""
    rows = Evaluation.objects.filter(split=Split.TEST, model_version__engagement=engagement)
    rows = rows.select_related("model_version__tenant", "dataset_version")
    return [_candidate(row) for row in rows.order_by("-model_version__number", "-at")[:NEWEST]]


def _candidate(row):
    version, classes = row.model_version, row.model_version.classes
    return Candidate(
        id=version.pk,
        label=str(version),
        url=version.get_absolute_url(),
        measured_at=row.at,
        holdout_sha256=row.dataset_version.test_sha256,
        n=row.n,
        correct=sum(row.confusion[i][i] for i in range(len(classes))),
        macro_f1=measured(row, "macro_f1"),
        macro_auc=measured(row, "macro_auc"),
        recalls={
            label: (row.confusion[i][i], sum(row.confusion[i])) for i, label in enumerate(classes)
        },
    )
