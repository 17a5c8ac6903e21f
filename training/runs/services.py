"""Writes on runs that people ask for: start and cancel."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import author
from engagements import timeline
from engagements.models import Engagement
from lepton.lib import live, tracing
from lepton.lib.wake import wake_on_commit
from training import tasks
from training.engine import backbones
from training.engine.errors import WeightsMissing
from training.models import Run, RunSource
from training.runs import sources
from training.task_types import params as task_params

LEAST_PER_CLASS = 2


def start_run(engagement, *, dataset_version, method, by, backbone="", params=None):
    """Queue a run on a frozen dataset version; `params` are settings of the method by name.

    An ensemble has the networks of its members, every other method is told its `backbone`.
    """
    chosen = _checked_params(method, backbone, params or {})
    _check_data(engagement, dataset_version)
    made_of = sources.chosen(engagement, dataset_version, method, chosen)
    if method == Run.Method.ENSEMBLE:
        backbone = sources.backbone_of(made_of)
    else:
        check_backbone(chosen.get("over", method), backbone)
    if method == Run.Method.DISTILLATION:
        sources.refuse_unless_smaller(made_of[0], backbone)
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)  # runs count up
        run = Run.objects.create(
            engagement=engagement,
            dataset_version=dataset_version,
            number=(engagement.runs.aggregate(last=Max("number"))["last"] or 0) + 1,
            task_type=_task_type(engagement),
            method=method,
            backbone=backbone,
            params=chosen,
            traceparent=tracing.current(),
            **author(by),
        )
        RunSource.objects.bulk_create(
            RunSource(run=run, model_version=one, position=n) for n, one in enumerate(made_of)
        )
        words = {"method": task_params.TITLES[method], "backbone": run.backbone_title}
        _tell(run, "run.queued", by=by, **words)
        audit.record("run.queued", run, by=by, **words)
        wake_on_commit(tasks.wake_runs)
    return run


def cancel_run(run, *, by):
    """Cancel a run: one that waits ends now, one at work is asked to stop after its batch."""
    now = timezone.now()
    with transaction.atomic():
        still_open = Run.objects.filter(pk=run.pk, cancel_requested_at=None).exclude(
            state__in=Run.ENDED
        )
        nobody_works = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
        ended = {"state": Run.State.CANCELLED, "finished_at": now}
        unclaimed = {"claimed_by": "", "lease_expires_at": None}
        if not (
            still_open.filter(nobody_works).update(cancel_requested_at=now, **ended, **unclaimed)
            or still_open.update(cancel_requested_at=now)
        ):
            raise ValidationError(_("This run has already ended or is being cancelled."))
        _tell(run, "run.cancelled", by=by)
        audit.record("run.cancelled", run, by=by)
    run.refresh_from_db()
    return run


def _tell(run, kind, *, by, **words):
    url = run.get_absolute_url()
    timeline.record(run.engagement, kind, by=by, url=url, number=run.number, **words)
    live.look_again(run.tenant_id, run.topic)


def _task_type(engagement):
    requirement = engagement.requirement
    return requirement.task_type if requirement else "image_classification"


def _checked_params(method, backbone, given):
    if method != Run.Method.ENSEMBLE:
        if not backbone:
            raise ValidationError({"backbone": _("Choose a network.")})
        given = {**given, "backbone": backbone}
    elif backbone:
        raise ValidationError({"backbone": _("An ensemble has the networks of its members.")})
    try:
        return task_params.to_dict(task_params.from_dict(method, given))
    except ValueError as error:
        field, colon, words = str(error).partition(": ")
        raise ValidationError({field: words} if colon else str(error)) from error


def check_backbone(method, name):
    """Refuse a network that this method or this server cannot work with."""
    backbone = backbones.get(name)
    if not backbone.pretrained:
        if method == Run.Method.LINEAR_PROBE:
            text = _("%s has no pretrained weights, so a linear probe has nothing to build on.")
            raise ValidationError({"backbone": f"{text % backbone.title} {_('Fine-tune it.')}"})
        return
    try:
        if not settings.LEPTON_DOWNLOAD_WEIGHTS:
            backbones.find_weights(backbone, settings.LEPTON_WEIGHTS_DIR)
    except WeightsMissing as missing:
        raise ValidationError({"backbone": f"{missing.cause} {missing.hint}"}) from missing


def _check_data(engagement, version):
    if version.dataset.engagement_id != engagement.pk:
        raise ValidationError({"dataset_version": _("No such dataset version here.")})
    if n := version.erased_images:
        text = ngettext(
            "%(n)s of its images was erased for good: freeze the next version and train on that.",
            "%(n)s of its images were erased for good: freeze the next version and train on that.",
            n,
        )
        raise ValidationError({"dataset_version": text % {"n": n}})
    if len(version.classes) < 2:
        raise ValidationError({"dataset_version": _("A model needs at least two classes.")})
    if not version.images_in("test"):
        text = _("It has no test images, so nothing could say how good the model is.")
        raise ValidationError({"dataset_version": text})
    train = version.counts.get("train", {})
    for label in version.classes:
        if train.get(label, 0) < LEAST_PER_CLASS:
            text = _("The class “%(label)s” has %(n)s training images; it needs %(least)s or more.")
            words = {"label": label, "n": train.get(label, 0), "least": LEAST_PER_CLASS}
            raise ValidationError({"dataset_version": text % words})
