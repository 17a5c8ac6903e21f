"""How far a trace reaches: from one row, which others hang together with it, as querysets."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from serving.models import Deployment, Prediction
from training.models import DatasetVersion, Image, ModelVersion, Run, VersionItem


@dataclass(frozen=True)
class Reach:
    """The rows that hang together with `subject`; `at` is when it came to be."""

    kind: str
    subject: object
    at: datetime
    versions: QuerySet
    runs: QuerySet
    models: QuerySet
    deployments: QuerySet
    predictions: QuerySet
    items: QuerySet  # rows of the manifests
    pictures: QuerySet  # images of the subject itself, or those that its data holds

    @property
    def engagement_ids(self) -> list:
        """Of whose record it is a part."""
        if self.kind == "image":
            data = self.subject.items.values_list("dataset__engagement", flat=True)
            return list({*data, *self.versions.values_list("dataset__engagement", flat=True)})
        owner = self.subject.endpoint if self.kind == "prediction" else self.subject
        if self.kind == "dataset_version":
            owner = self.subject.dataset
        return [owner.engagement_id]


def of_prediction(pk) -> Reach:
    """The model that answered, what it was made of, and the images of the very same bytes."""
    rows = Prediction.objects.select_related("endpoint", "model_version__run", "api_key", "user")
    prediction = get_object_or_404(rows, pk=pk)
    model = prediction.model_version
    answered = Deployment.objects.filter(
        endpoint=prediction.endpoint_id, model_version=model, live_at__lte=prediction.at
    )
    same = Image.objects.filter(original_sha256=prediction.input_sha256)
    return _reach(
        "prediction",
        prediction,
        prediction.at,
        models=ModelVersion.objects.filter(pk=model.pk),
        deployments=answered.order_by("-number")[:1],
        predictions=Prediction.objects.filter(pk=pk),
        pictures=same,
    )


def of_model_version(pk) -> Reach:
    """A model version: what it was made of, where it was deployed, what it answered."""
    model = get_object_or_404(ModelVersion.objects.select_related("run"), pk=pk)
    return _reach(
        "model_version", model, model.created_at, models=ModelVersion.objects.filter(pk=pk)
    )


def of_run(pk) -> Reach:
    """A run: its data, and the model version it made, if any."""
    run = get_object_or_404(Run, pk=pk)
    return _reach("run", run, run.created_at, runs=Run.objects.filter(pk=pk))


def of_dataset_version(pk) -> Reach:
    """A dataset version: what was trained on it."""
    version = get_object_or_404(DatasetVersion.objects.select_related("dataset"), pk=pk)
    versions = DatasetVersion.objects.filter(pk=pk)
    return _reach("dataset_version", version, version.created_at, versions=versions)


def of_image(pk) -> Reach:
    """An image: every version it is in, what learned from it, and answers to the same bytes."""
    image = get_object_or_404(Image, pk=pk)
    within = VersionItem.objects.filter(image=image)
    same_bytes = Prediction.objects.filter(input_sha256=image.original_sha256)
    return _reach(
        "image",
        image,
        image.created_at,
        versions=DatasetVersion.objects.filter(pk__in=within.values("version")),
        predictions=same_bytes,
        items=within,
        pictures=Image.objects.filter(pk=pk),
    )


OF = {
    "prediction": of_prediction,
    "image": of_image,
    "model_version": of_model_version,
    "run": of_run,
    "dataset_version": of_dataset_version,
}


def _reach(kind, subject, at, *, versions=None, runs=None, models=None, **given) -> Reach:
    """Fill in what follows from what is given: up to the data, down to the answers."""
    if models is not None:
        runs = Run.objects.filter(pk__in=models.values("run"))
    if runs is not None:
        versions = DatasetVersion.objects.filter(pk__in=runs.values("dataset_version"))
    else:
        runs = Run.objects.filter(dataset_version__in=versions.values("pk"))
    if models is None:
        models = ModelVersion.objects.filter(run__in=runs.values("pk"))
    items = VersionItem.objects.filter(version__in=versions.values("pk"))
    given.setdefault("items", items)
    given.setdefault("pictures", Image.objects.filter(pk__in=items.values("image")))
    theirs = {"model_version__in": models.values("pk")}
    given.setdefault("deployments", Deployment.objects.filter(**theirs).order_by("-created_at"))
    given.setdefault("predictions", Prediction.objects.filter(**theirs))
    return Reach(kind, subject, at, versions, runs, models, **given)
