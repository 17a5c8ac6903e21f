"""How an attempt at a run begins and ends: each one transaction, fenced by the claim."""

from django.db.models import Max

from accounts import audit
from engagements import timeline
from engagements.models import Engagement
from lepton.lib import live
from lepton.lib.wake import wake_on_commit
from training import leases, tasks
from training.engine.errors import Stopped, TrainingFailed
from training.models import (
    EvaluatedItem,
    Evaluation,
    LabelSuspect,
    ModelVersion,
    Run,
    RunEpoch,
)
from training.models.dataset import Split
from training.runs import manifest
from training.runs.reporter import plain


def begin(claim) -> Run:
    """Note that the work begins and return the run. Raises Stopped, TrainingFailed, LeaseLost."""
    with claim.scope() as row:
        if row.cancel_requested_at:
            raise Stopped
        if claim.exhausted:
            raise TrainingFailed(*leases.why_given_up(row))
        run = Run.objects.select_related("dataset_version", "engagement").get(pk=row.pk)
        claim.write(state=Run.State.PREPARING, manifest=manifest.begun(run), progress={})
        _tell(claim, row)
    return run


def fail(claim, failure: TrainingFailed, log_tail: str) -> None:
    """End the run with its cause and hint."""
    with claim.scope() as run:
        words = {"cause": failure.cause, "hint": failure.hint, "log_tail": log_tail}
        claim.release(**leases.ended(state=Run.State.FAILED, **words))
        _record(run, "run.failed", cause=failure.cause)


def cancel(claim, log_tail: str) -> None:
    """End the run that somebody cancelled; the timeline already says who."""
    with claim.scope() as run:
        claim.release(**leases.ended(state=Run.State.CANCELLED, log_tail=log_tail))
        _tell(claim, run)


def requeue(claim, log_tail: str) -> None:
    """Give the run back: this worker shuts down, another continues from the checkpoint."""
    with claim.scope() as run:
        claim.release(state=Run.State.QUEUED, log_tail=log_tail)
        _tell(claim, run)
        wake_on_commit(tasks.wake_runs)


def succeed(claim, *, version_id, prefix, trained, evaluation, learnt, materials, log_tail):
    """End the run with its model version and the figures of the test split, all or nothing.

    `learnt` are the materials of the train rows, `materials` those of the test rows.
    """
    with claim.scope() as run:
        if run.cancel_requested_at:
            raise Stopped
        version = _model_version(run, version_id, prefix, trained.meta)
        figures = _evaluation(version, run, evaluation, materials)
        _epochs(run, trained.history)
        _suspects(run, version.classes, trained.suspects, learnt)
        done = manifest.completed(run.manifest, trained.meta)
        words = {"log_tail": log_tail, "manifest": done, "cause": "", "hint": ""}
        claim.release(**leases.ended(state=Run.State.SUCCEEDED, **words))
        accuracy = f"{figures.accuracy:.1%}"
        _record(run, "run.succeeded", accuracy=accuracy, n=figures.n)


def _model_version(run, version_id, prefix, meta):
    engagement = Engagement.objects.locked(run.engagement_id)
    last = engagement.model_versions.aggregate(last=Max("number"))["last"] or 0
    return ModelVersion.objects.create(
        id=version_id,
        engagement=engagement,
        run=run,
        number=last + 1,
        classes=meta["classes"],
        backbone=run.backbone,
        method=run.method,
        storage_prefix=prefix,
        meta=meta,
        size_bytes=sum(facts["bytes"] for facts in meta["files"].values()),
    )


def _evaluation(version, run, evaluation, materials):
    measured = evaluation.metrics
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    row = Evaluation.objects.create(
        model_version=version,
        dataset_version_id=run.dataset_version_id,
        split=Split.TEST,
        n=measured["n"],
        ece=measured["expected_calibration_error"],
        per_class=[_class_row(one) for one in measured["per_class"]],
        confusion=measured["confusion_matrix"],
        **_with_intervals(measured, names),
        **_auc(measured),
    )
    answers = zip(materials, evaluation.probabilities.tolist(), strict=True)
    items = [_item(row, version.classes, material, scores) for material, scores in answers]
    EvaluatedItem.objects.bulk_create(items, batch_size=1000)
    return row


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


def _item(evaluation, classes, material, scores):
    best = max(range(len(scores)), key=scores.__getitem__)
    return EvaluatedItem(
        evaluation=evaluation,
        image_id=material.image_id,
        path=material.path,
        label=material.label,
        answer=classes[best],
        score=scores[best],
        scores=scores,
    )


def _epochs(run, history):
    names = ("train_loss", "valid_loss", "valid_accuracy")
    for one in history:
        figures = plain({name: one.get(name) for name in names})
        RunEpoch.objects.update_or_create(run=run, epoch=one["epoch"], defaults=figures)


def _suspects(run, classes, found, learnt):
    LabelSuspect.objects.filter(run=run).delete()
    rows = [
        LabelSuspect(
            run=run,
            image_id=learnt[one.row].image_id,
            label=learnt[one.row].label,
            suggested=classes[one.suggested],
            margin=one.margin,
        )
        for one in found
    ]
    LabelSuspect.objects.bulk_create(rows, batch_size=1000)


def _record(run, kind, **words):
    url = run.get_absolute_url()
    timeline.record(run.engagement, kind, by=None, url=url, number=run.number, **words)
    audit.record(kind, run, by=None, **words)
    live.look_again(run.tenant_id, run.topic)


def _tell(claim, run):
    live.look_again(claim.tenant_id, f"run:{claim.id}", f"engagement:{run.engagement_id}")
