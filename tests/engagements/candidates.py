"""Model versions whose figures a test chooses."""

from django.utils import timezone

from accounts.models import author
from training.models import Dataset, DatasetVersion, Evaluation, ModelVersion, Run

CLASSES = ["ok", "scratch"]
HOLDOUT = "a" * 64


def dataset_version(
    engagement, by, holdout=HOLDOUT, counts=(10, 10), classes=CLASSES
) -> DatasetVersion:
    """A dataset version with a test split of this hash."""
    dataset, _made = Dataset.objects.get_or_create(
        engagement=engagement, name="parts", defaults=author(by)
    )
    return DatasetVersion.objects.create(
        dataset=dataset,
        number=dataset.versions.count() + 1,
        classes=classes,
        split_policy="given",
        seed=0,
        counts={"test": dict(zip(classes, counts, strict=True))},
        manifest_sha256=holdout,
        test_sha256=holdout,
        **author(by),
    )


def measured(
    version, by, confusion, macro_f1=(0.9, 0.85, 0.94), macro_auc=(None, None, None), at=None
) -> ModelVersion:
    """A model version whose answers on the test split of `version` are these."""
    engagement = version.dataset.engagement
    number = engagement.model_versions.count() + 1
    run = Run.objects.create(
        engagement=engagement,
        dataset_version=version,
        number=number,
        task_type="image_classification",
        method="linear_probe",
        backbone="resnet18",
        params={},
        state=Run.State.SUCCEEDED,
        **author(by),
    )
    model = ModelVersion.objects.create(
        engagement=engagement,
        run=run,
        number=number,
        classes=CLASSES,
        backbone="resnet18",
        method="linear_probe",
        storage_prefix="x",
        meta={},
        size_bytes=1,
    )
    n, correct = sum(map(sum, confusion)), confusion[0][0] + confusion[1][1]
    Evaluation.objects.create(
        model_version=model,
        dataset_version=version,
        split="test",
        at=at or timezone.now(),
        n=n,
        accuracy=correct / n,
        accuracy_low=0,
        accuracy_high=1,
        macro_precision=0.9,
        macro_precision_low=0.8,
        macro_precision_high=0.95,
        macro_recall=0.9,
        macro_recall_low=0.8,
        macro_recall_high=0.95,
        macro_f1=macro_f1[0],
        macro_f1_low=macro_f1[1],
        macro_f1_high=macro_f1[2],
        macro_auc=macro_auc[0],
        macro_auc_low=macro_auc[1],
        macro_auc_high=macro_auc[2],
        ece=0.05,
        per_class=[],
        confusion=confusion,
    )
    return model
