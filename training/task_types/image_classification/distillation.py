"""Teach a smaller network what a larger model answers (Hinton, Vinyals and Dean, 2015)."""

from dataclasses import replace
from functools import partial

import numpy as np

from training.engine import artifact, blend, timing
from training.engine.errors import TrainingFailed, gettext_noop
from training.engine.progress import Progress
from training.task_types.data import Row, TrainedModel, TrainingData
from training.task_types.image_classification import answers, fine_tune
from training.task_types.image_classification.work import Work


def train(work: Work) -> TrainedModel:
    """Fine-tune on the teacher's softened answers mixed with the labels.

    A target is soft_share * softmax(logits / softness) + (1 - soft_share) * the label, of training
    rows alone; validation goes by the labels.
    """
    params, folder = work.params, work.beside.models[work.params.teacher]
    meta = artifact.read_meta(folder)
    if list(meta["classes"]) != list(work.data.classes):
        raise TrainingFailed(
            gettext_noop("The teacher answers with other classes: %(classes)s."),
            gettext_noop("Choose one with the classes of the dataset version."),
            classes=", ".join(meta["classes"]),
        )
    rows = work.data.train
    listeners = {"progress": partial(_as_preparing, work), "should_stop": work.should_stop}
    given = answers.of(folder, meta, rows, work.cache_dir, **listeners)
    soft = targets(given, rows, params.softness, params.soft_share)
    data = TrainingData(work.data.classes, [*soft, *work.data.valid])
    teacher = {
        "teacher": params.teacher,
        "teacher_latency_ms": timing.latency_ms(folder / "model.onnx"),
        "teacher_bytes": sum(facts["bytes"] for facts in meta["files"].values()),
        "n_taught": len(rows),
    }
    trained = fine_tune.train(replace(work, data=data))
    teacher["latency_ms"] = timing.latency_ms(trained.folder / "model.onnx")
    meta = _without_files(trained.meta) | {"distilled": teacher}
    return replace(trained, meta=artifact.write_meta(trained.folder, meta))


def targets(given: np.ndarray, rows: list[Row], softness: float, soft_share: float) -> list[Row]:
    """Return the rows with soft labels: the teacher's probabilities [n, classes] and the labels."""
    soft = blend.calibrated(given.astype(np.float64), softness)
    hard = np.eye(given.shape[1])[[row.label for row in rows]]
    mixed = soft_share * soft + (1 - soft_share) * hard
    return [replace(row, target=tuple(one)) for row, one in zip(rows, mixed.tolist(), strict=True)]


def _as_preparing(work, report: Progress) -> None:
    words = gettext_noop("Asking the teacher")
    work.progress(replace(report, phase="preparing", message=words))


def _without_files(meta: dict) -> dict:
    return {name: value for name, value in meta.items() if name not in ("format", "files")}
