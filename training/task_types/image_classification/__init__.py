"""Image classification: one label per image, by a linear probe or a fine-tuned backbone."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.engine import artifact, device
from training.engine import evaluate as measures
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.preprocess import evaluation_input
from training.engine.progress import Progress
from training.task_types.data import Beside, Evaluation, Row, TrainedModel, TrainingData
from training.task_types.image_classification import (
    answers,
    distillation,
    ensemble,
    fine_tune,
    linear_probe,
    search,
)
from training.task_types.image_classification.work import Work, labels_of
from training.task_types.params import Params

kept_features = answers.kept_features

__all__ = ["evaluate", "evaluation_input", "kept_features", "train"]

METHODS = {
    "linear_probe": linear_probe.train,
    "fine_tune": fine_tune.train,
    "search": search.train,
    "ensemble": ensemble.train,
    "distillation": distillation.train,
}


def train(
    data: TrainingData,
    params: Params,
    *,
    method: str,
    work_dir: Path,
    weights_dir: Path,
    cache_dir: Path,
    pretrained: bool = True,
    progress: Callable[[Progress], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
    beside: Beside | None = None,
) -> TrainedModel:
    """Train on `data` and write the artifact to `work_dir`/model; resumes from `work_dir`'s
    checkpoint of the same run.

    With `pretrained` the backbone's weights must lie in `weights_dir`; without, it starts from
    random numbers,
    as lepton_small always does. Features and decoded images are kept under `cache_dir`, which may
    outlive the run. `beside` has what a search, an ensemble or a distillation needs besides.
    Raises TrainingFailed (cause and hint), and Stopped once `should_stop()` was true.
    """
    device.limit_threads()
    _check_classes(data)
    work = Work(
        data,
        params,
        method,
        Path(weights_dir),
        pretrained,
        Path(work_dir),
        Path(cache_dir),
        progress,
        should_stop,
        beside or Beside(),
    )
    return METHODS[method](work)


def evaluate(
    trained_or_folder: TrainedModel | Path,
    rows: list[Row],
    progress: Callable[[Progress], None] = lambda report: None,
    should_stop: Callable[[], bool] = lambda: False,
    *,
    cache_dir: Path | None = None,
) -> Evaluation:
    """Ask the exported ONNX model about `rows` through the serving transform.

    With `cache_dir`, what a frozen backbone's graph gives is kept there unrounded, so a later head
    on it is evaluated without a pixel; a quantised graph is always asked itself.
    Raises ArtifactCorrupt, TrainingFailed for no rows or an unreadable image, and Stopped.
    """
    folder = (
        trained_or_folder.folder
        if isinstance(trained_or_folder, TrainedModel)
        else Path(trained_or_folder)
    )
    meta = artifact.read_meta(folder)
    if not rows:
        raise TrainingFailed(
            gettext_noop("There are no images to evaluate on."),
            gettext_noop("Freeze a dataset version with a test split."),
        )
    listeners = {"progress": progress, "should_stop": should_stop}
    probabilities = answers.of(folder, meta, rows, cache_dir, **listeners)
    labels = np.array([row.label for row in rows])
    metrics = measures.metrics(labels, probabilities, meta["classes"])
    return Evaluation(metrics, [row.sha256 for row in rows], labels, probabilities)


def _check_classes(data: TrainingData) -> None:
    if len(data.classes) < 2:
        raise TrainingFailed(
            gettext_noop("There is only one class."),
            gettext_noop("A classifier needs images of at least two classes."),
        )
    counts = np.bincount(labels_of(data.train), minlength=len(data.classes))
    if counts.min() < 2:
        raise TrainingFailed(
            gettext_noop("The class “%(name)s” has %(n)d training images; at least 2 are needed."),
            gettext_noop("Add images to that class or leave it out."),
            name=data.classes[int(counts.argmin())],
            n=int(counts.min()),
        )
