"""After a promotion each correction that was learned from is asked of the new model again."""

import time
from datetime import timedelta

import numpy as np
from django.core.exceptions import ValidationError
from django.utils import timezone

from feedback.iteration import due, services
from feedback.iteration.models import DataIteration
from feedback.receipts.models import Receipt
from lepton.lib import storage
from serving import artifacts, runtimes
from serving.models import Deployment
from training.engine import preprocess

MOST = 500  # asked after one promotion, the newest first
AT_ONCE = 16
WAIT_SECONDS = 2
PATIENCE_SECONDS = 5.0
LOADING = Deployment.State.LOADING
State = DataIteration.State


def check(claim) -> None:
    """Ask the promoted model about what it was corrected on, and end the iteration."""
    with claim.scope(State.CHECKING) as row:
        version, rows = row.challenger, _to_ask(row.engagement)
    answers = _ask(version, [receipt.image.storage_key for receipt in rows])
    _wait_for_it(claim)
    with claim.scope(State.CHECKING) as row:
        for receipt, answer in zip(rows, answers, strict=True):
            still = Receipt.objects.filter(pk=receipt.pk, label=receipt.label, fate=receipt.fate)
            still.update(model_version=version, answer=answer)
        _end(row)
        row.save()


def _wait_for_it(claim) -> None:
    """The data plane takes a second or two: waiting here is quicker than to come again."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with claim.scope(State.CHECKING) as row:
            loading = Deployment.objects.filter(pk=row.deployment_id, state=LOADING).exists()
        if not loading:
            return
        time.sleep(0.2)


def _end(row) -> None:
    state = Deployment.objects.get(pk=row.deployment_id)
    if state.state == Deployment.State.FAILED:
        raise ValidationError(state.cause)
    row.failures = 0
    if state.state == LOADING:
        row.due_at = timezone.now() + timedelta(seconds=WAIT_SECONDS)
        return
    due.ended(row)
    row.state, row.ended_at = State.PROMOTED, timezone.now()
    row.due_at = timezone.now() + timedelta(hours=1)
    services.look_again(row)


def _to_ask(engagement) -> list[Receipt]:
    """What was taken up, not left out and not erased since, the newest first."""
    there = {"image__isnull": False, "image__erased_at": None}
    rows = Receipt.objects.filter(engagement=engagement, **there)
    rows = rows.exclude(fate__in=["", Receipt.Fate.LEFT_OUT]).exclude(label="")
    return list(rows.select_related("image").order_by("-settled_at", "-pk")[:MOST])


def _ask(version, keys) -> list[str]:
    """The answers of a model version to stored pictures, through its own exported graph."""
    if not keys:
        return []
    graph = artifacts.whole_graph(version.storage_prefix, artifacts.graph_facts(version.meta)[0])
    runtime = runtimes.get("onnx").load(graph, version.meta)
    prepared = version.meta["preprocessing"]
    size = {"resize": prepared["resize_short_side"], "crop": prepared["centre_crop"]}
    found = []
    for at in range(0, len(keys), AT_ONCE):
        pictures = (storage.get(key) for key in keys[at : at + AT_ONCE])
        images = [preprocess.evaluation_input(data, **size) for data in pictures]
        found += [version.classes[i] for i in runtime.run(np.stack(images)).argmax(1)]
    return found
