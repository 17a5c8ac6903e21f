"""A factory with a champion in place: images, a frozen version, an endpoint, predictions."""

import hashlib
from types import SimpleNamespace

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import timeline
from feedback.iteration import work
from feedback.models import DataIteration
from serving import services as serving
from serving.models import Prediction
from tests import factories
from tests.serving import models
from tests.training import imports
from tests.training.zips import picture, two_classes, zipped
from training.datasets import versions
from training.engine import evaluate, preprocess
from training.models import Dataset, ModelVersion, Run, VersionItem
from training.runs import evaluations

CLASSES = ["ok", "scratch"]
PROBE = {"backbone": "resnet18"}


def build(tenant, by, each=40, answer=lambda label: "ok", splits=None, **recipe) -> SimpleNamespace:
    """Import `each` images a class, freeze them, and deploy a champion that answers each test image
    as `answer(label)` says; `recipe` is how its run was made, where that matters."""
    plant = SimpleNamespace(tenant=tenant, by=by, engagement=factories.engagement(tenant, by))
    imports.run(tenant, plant.engagement, by, zipped(two_classes(each)), splits=splits)
    with tenant_scope(tenant):
        plant.dataset = Dataset.objects.get()
        plant.version = versions.freeze_version(plant.dataset, by=by)
        run = Run.objects.create(
            engagement=plant.engagement,
            dataset_version=plant.version,
            number=1,
            task_type="image_classification",
            **{"method": "linear_probe", "backbone": "resnet18", "params": PROBE} | recipe,
            **author(by),
        )
        plant.champion = finish(run, answer)
        plant.endpoint = serving.create_endpoint(plant.engagement, slug="castings", by=by)
        put_in_place(plant, plant.champion)
    return plant


def run_of(plant) -> Run:
    """The run of the newest data iteration."""
    with tenant_scope(plant.tenant):
        return Run.objects.get(pk=iteration(plant).run_id)


def finish(run, answer, seed=1, of=lambda row: row.label) -> ModelVersion:
    """End a run with a model that answers each test image as `answer(label)` says, or as it says
    `of` something else about the image's row."""
    with tenant_scope(run.tenant_id):
        return _finish(run, answer, seed, of)


def _finish(run, answer, seed, of):
    data = models.graph(seed)
    version = ModelVersion.objects.create(
        engagement=run.engagement,
        run=run,
        number=run.number,
        classes=CLASSES,
        backbone="resnet18",
        method="linear_probe",
        storage_prefix=f"tenants/{run.tenant_id}/models/{run.pk}",
        meta={
            "preprocessing": preprocess.describe(),
            "files": {
                "model.onnx": {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            },
        },
        size_bytes=len(data),
    )
    default_storage.save(f"{version.storage_prefix}/model.onnx", ContentFile(data))
    rows = list(VersionItem.objects.filter(version=run.dataset_version, split="test"))
    scores = [[0.9, 0.1] if answer(of(row)) == "ok" else [0.1, 0.9] for row in rows]
    labels = np.array([CLASSES.index(row.label) for row in rows])
    measured = evaluate.metrics(labels, np.array(scores), CLASSES)
    answers = zip(rows, scores, strict=True)
    evaluations.record(version, run.dataset_version_id, measured, answers)
    Run.objects.filter(pk=run.pk).update(state="succeeded", finished_at=timezone.now())
    words = {"number": run.number, "accuracy": "", "n": len(rows)}
    timeline.record(run.engagement, "run.succeeded", by=None, **words)
    return version


def put_in_place(plant, version):
    """Deploy a version and say that it is live, as the data plane would."""
    deployment = serving.deploy(plant.endpoint, model_version=version, by=plant.by)
    serving.mark_live(deployment.pk)


def predict(
    plant, data=None, *, seed=900, label="ok", score=0.7, version=None, reference=""
) -> Prediction:
    """Log a prediction whose input was kept: the picture of a seed, or these bytes."""
    data = picture(seed) if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    with tenant_scope(plant.tenant):
        key = f"tenants/{plant.tenant.pk}/inputs/{sha256}.png"
        default_storage.save(key, ContentFile(data))
        return Prediction.objects.create(
            endpoint=plant.endpoint,
            model_version=version or plant.champion,
            label=label,
            score=score,
            reference=reference,
            scores=[score, 1 - score] if label == "ok" else [1 - score, score],
            latency_ms=5,
            input_sha256=sha256,
            input_key=key,
        )


def iteration(plant) -> DataIteration:
    """The newest data iteration as it is now."""
    with tenant_scope(plant.tenant):
        return DataIteration.objects.newest_first().first()


def work_until(plant, state) -> DataIteration:
    """Be the worker until the newest data iteration is in a state."""
    for _step in range(10):
        row = iteration(plant)
        if row and row.state == state:
            return row
        with tenant_scope(plant.tenant):
            DataIteration.objects.under_way().update(due_at=timezone.now())
        work.work_off()
    raise AssertionError(f"{row and row.state}: {row and row.cause}")
