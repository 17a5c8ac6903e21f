"""Looks at drift: asked for by people, queued when due; what they are to look at."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import author
from engagements import timeline
from feedback import tasks
from feedback.models import DriftLook, DriftReference, Signs
from feedback.monitoring import references
from feedback.monitoring.topics import monitoring_topic
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit

MINIMUM_N = 30
SAMPLE, NEWEST = 100, 5000


def ask(endpoint, *, by):
    """Have a worker look now. Raises ValidationError where there is too little to look at."""
    with transaction.atomic():
        if endpoint.champion is None:
            raise Conflict(_("No model version answers here yet."))
        missing = MINIMUM_N - unseen(endpoint).count()
        if missing > 0:
            words = ngettext(
                "%s more answer is needed since the last look.",
                "%s more answers are needed since the last look.",
                missing,
            )
            raise Conflict(words % missing)
        look = _queue(endpoint, by)
        if look is None:
            raise Conflict(_("A worker is about to look already."))
        audit.record("drift.asked", endpoint, by=by)
    return look


def queue_if_due(endpoint) -> None:
    """Have a worker look if there are enough new answers and the last look was long enough ago."""
    pause = timedelta(seconds=settings.LEPTON_DRIFT_SECONDS)
    recent = endpoint.looks.filter(created_at__gt=timezone.now() - pause)
    if endpoint.champion is None or recent.exists():
        return
    if len(unseen(endpoint).values_list("pk")[:MINIMUM_N]) == MINIMUM_N:
        _queue(endpoint, None)


def accept_traffic(endpoint, *, by) -> DriftReference:
    """Take what was looked at last as what is normal from now on."""
    look = endpoint.looks.done().newest_first().first()
    if look is None:
        raise ValidationError(_("Nothing was looked at yet: look at the traffic first."))
    with transaction.atomic():
        found = _seen_by(look)
        if len(found.seen) < MINIMUM_N:
            raise ValidationError(_("Too few of the inputs are kept to compare with them."))
        kind, seen = DriftReference.Kind.TRAFFIC, list(found.seen.values())
        version = look.model_version
        reference = references.keep(endpoint, version, kind, seen, found.classes, **author(by))
        timeline.record(endpoint.engagement, "drift.accepted", by=by, n=reference.n)
        audit.record("drift.accepted", endpoint, by=by, look=str(look.pk), n=reference.n)
        live.look_again(endpoint.tenant_id, monitoring_topic(endpoint.pk))
    return reference


@dataclass
class Recent:
    """The answers a look is about."""

    rows: list  # (prediction id, input key) of the sample
    classes: Counter
    until: object
    seen: dict  # {prediction id: Seen}


def _queue(endpoint, by):
    try:
        with transaction.atomic():
            look = DriftLook.objects.create(endpoint=endpoint, **author(by))
    except IntegrityError:
        return None
    wake_on_commit(tasks.look_for_drift)
    live.look_again(endpoint.tenant_id, monitoring_topic(endpoint.pk))
    return look


def unseen(endpoint, version=None):
    """The answers of the model version in place that no look has been at yet."""
    version = version or endpoint.champion.model_version
    rows = endpoint.predictions.in_use().filter(model_version=version)
    looks = endpoint.looks.done().filter(model_version=version)
    last = looks.order_by("-answers_until").values_list("answers_until", flat=True).first()
    return rows.filter(at__gt=last) if last else rows


def recent_of(rows, *, seed) -> Recent:
    newest = list(rows.order_by("-at").values_list("pk", "input_key", "label", "at")[:NEWEST])
    kept = [(pk, key) for pk, key, _label, _at in newest if key]
    sample = random.Random(seed).sample(kept, min(SAMPLE, len(kept)))
    classes = Counter(label for _pk, _key, label, _at in newest)
    return Recent(sample, classes, newest[0][3] if newest else None, {})


def _seen_by(look) -> Recent:
    """What a look saw, from the signs that are kept of it."""
    earlier = look.endpoint.looks.done().filter(answers_until__lt=look.answers_until)
    last = earlier.filter(model_version=look.model_version).order_by("-answers_until").first()
    rows = look.endpoint.predictions.in_use().filter(model_version=look.model_version)
    rows = rows.filter(at__lte=look.answers_until)
    if last:
        rows = rows.filter(at__gt=last.answers_until)
    found = recent_of(rows, seed=look.pk.int)
    rows = Signs.objects.filter(prediction__in=[pk for pk, _key in found.rows])
    found.seen = {row.prediction_id: references.seen(row) for row in rows}
    return found
