"""Evaluations: a model version's figures on a test split, with what it answered for each image."""

import numpy as np

from training.engine import evaluate
from training.models import EvaluatedItem, Evaluation, Split, VersionItem


def record(version, dataset_version_id, measured, answers) -> Evaluation:
    """Write the figures of a model version on the test split of a dataset version.

    `measured` is of engine.evaluate.metrics, `answers` are (row with image_id, path and label,
    scores in the order of the model version's classes).
    """
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    row = Evaluation.objects.create(
        model_version=version,
        dataset_version_id=dataset_version_id,
        split=Split.TEST,
        n=measured["n"],
        ece=measured["expected_calibration_error"],
        per_class=[_class_row(one) for one in measured["per_class"]],
        confusion=measured["confusion_matrix"],
        **_with_intervals(measured, names),
        **_auc(measured),
    )
    items = [_item(row, version.classes, held_out, scores) for held_out, scores in answers]
    EvaluatedItem.objects.bulk_create(items, batch_size=1000)
    return row


def restate(version, dataset_version) -> Evaluation | None:
    """Measure a model version on a holdout whose labels were corrected, from what it answered.

    No picture is asked again: what it answered for each image is kept. The earlier figures stay.
    None where it was never asked about some image, or knows a class that is there not.
    """
    there = version.evaluations.filter(dataset_version=dataset_version, split=Split.TEST).first()
    if there:
        return there
    kept = EvaluatedItem.objects.filter(evaluation__model_version=version)
    scores = dict(kept.values_list("image", "scores"))
    rows = list(
        VersionItem.objects.filter(version=dataset_version, split=Split.TEST).order_by("path", "pk")
    )
    if not all(row.image_id in scores and row.label in version.classes for row in rows):
        return None
    labels = np.array([version.classes.index(row.label) for row in rows])
    asked = [scores[row.image_id] for row in rows]
    measured = evaluate.metrics(labels, np.array(asked), version.classes)
    return record(version, dataset_version.pk, measured, zip(rows, asked, strict=True))


def _auc(measured) -> dict:
    """The mean AUC with its ends; nothing where a class has no rows to measure it on."""
    known = measured["macro_auc"] is not None
    return _with_intervals(measured, ["macro_auc"]) if known else {}


def _class_row(one):
    figures = _with_intervals(one, ("precision", "recall", "f1"))
    return {"label": one["class"], "n": one["n"], **figures}


def _with_intervals(measured, names) -> dict:
    """Figures by name, each with its `_low` and `_high`."""
    found = {}
    for name in names:
        low, high = measured[f"{name}_interval"]
        found |= {name: measured[name], f"{name}_low": low, f"{name}_high": high}
    return found


def _item(evaluation, classes, held_out, scores):
    best = max(range(len(scores)), key=scores.__getitem__)
    return EvaluatedItem(
        evaluation=evaluation,
        image_id=held_out.image_id,
        path=held_out.path,
        label=held_out.label,
        answer=classes[best],
        score=scores[best],
        scores=scores,
    )
