"""How an attempt at a run begins and ends: each one transaction, fenced by the claim."""

from django.db.models import Max

from accounts import audit
from engagements import timeline
from engagements.models import Engagement
from lepton.lib import live
from lepton.lib.wake import wake_on_commit
from training import leases, tasks
from training.engine.errors import Stopped, TrainingFailed
from training.models import LabelSuspect, ModelVersion, Run, RunEpoch
from training.runs import evaluations, manifest
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
        scores = evaluation.probabilities.tolist()
        answers = zip(materials, scores, strict=True)
        figures = evaluations.record(version, run.dataset_version_id, evaluation.metrics, answers)
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
