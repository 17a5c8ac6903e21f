"""Train a linear probe: features, cross-validation, one head."""

from dataclasses import replace

import torch

from training.engine import learning, suspects
from training.engine.errors import gettext_noop
from training.engine.progress import Progress
from training.task_types.data import TrainedModel
from training.task_types.image_classification.work import (
    Work,
    fit_probe,
    groups_of,
    labels_of,
    save,
    vectors_of,
)


def train(work: Work) -> TrainedModel:
    """Fit the probe to the cached features and save it."""
    rows, valid = work.data.train, work.data.valid
    vectors = vectors_of(work, rows + valid)
    work.progress(Progress("training", 0, 1, message=gettext_noop("Fitting the linear probe")))
    fitted = fit_probe(work, rows, vectors[: len(rows)])
    labels = labels_of(rows)
    crossed = float((fitted.out_of_fold.argmax(1) == labels).mean())
    summary = {
        "l2": fitted.l2,
        "folds": fitted.folds,
        "scores": fitted.scores,
        "cross_validated_accuracy": crossed,
    }
    if valid:
        answers = fitted.probabilities(vectors[len(rows) :, 0]).argmax(1)
        summary["valid_accuracy"] = float((answers == labels_of(valid)).mean())
    accuracy = summary.get("valid_accuracy", crossed)
    loss = next(score["loss"] for score in fitted.scores if score["l2"] == fitted.l2)
    history = [{"epoch": 0, "train_loss": None, "valid_loss": loss, "valid_accuracy": accuracy}]
    figures = {"valid_loss": loss, "valid_accuracy": accuracy}
    work.progress(Progress("training", 1, 1, closed_epoch=0, best_epoch=0, **figures))
    model = work.build()
    model.set_head(torch.from_numpy(fitted.weight), torch.from_numpy(fitted.bias))
    found = suspects.rank(fitted.out_of_fold, labels)
    summary["suspects"] = len(found)
    summary["learning_curve"] = learning.curve(
        vectors[: len(rows)],
        labels,
        groups_of(rows),
        n_classes=len(work.data.classes),
        l2=fitted.l2,
        seed=work.params.seed,
    )
    kept = {"backbone_onnx": work.backbone_onnx(), "frozen": True}
    return replace(save(work, model, history, summary, **kept), suspects=found)
