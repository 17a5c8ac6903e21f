"""Retention: what the requirement says is kept no longer is removed; the tallies stay.

A prediction that something else refers to (an answer, say, that a dataset version was made of)
keeps what lineage needs: what was answered, by which model version, to which hash. Its picture
and the client's own reference go like all others'.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils import timezone

from accounts import audit
from accounts.scoping import tenant_scope
from accounts.system import call
from feedback.models import Signs, Watch
from serving.models import BulkRow, DueHour, Prediction

PAUSE = timedelta(hours=1)
AT_ONCE = 1000


@dataclass
class Gone:
    """What was removed."""

    predictions: int = 0
    stripped: int = 0
    inputs: int = 0


def enforce(tenant_id, endpoint) -> Gone:
    """Remove what is older than the retention rule, at most once an hour."""
    gone = Gone()
    with tenant_scope(tenant_id):
        cutoff, since = _cutoff(endpoint), Watch.objects.get(endpoint=endpoint).kept_since
        if cutoff is None or (since and cutoff - since < PAUSE):
            return gone
        if DueHour.objects.filter(endpoint=endpoint, hour__lt=cutoff).exists():
            return gone  # counted first, removed the next time
    while batch := _oldest(tenant_id, endpoint, since, cutoff):
        _remove(tenant_id, batch, gone)
        since = batch[-1].at + timedelta(microseconds=1)
    with tenant_scope(tenant_id):
        Watch.objects.filter(endpoint=endpoint).update(kept_since=cutoff)
        if gone.predictions or gone.stripped:
            facts = vars(gone) | {"before": cutoff.isoformat()}
            audit.record("predictions.removed", endpoint, by=None, **facts)
    return gone


def _cutoff(endpoint):
    requirement = endpoint.engagement.requirement
    if requirement is None or not requirement.retention_days:
        return None
    return timezone.now() - timedelta(days=requirement.retention_days)


def _oldest(tenant_id, endpoint, since, cutoff) -> list[Prediction]:
    """The next batch; all of one moment stay together, so that none is passed over."""
    with tenant_scope(tenant_id):
        rows = endpoint.predictions.filter(at__lt=cutoff).order_by("at")
        if since:
            rows = rows.filter(at__gte=since)
        rows = rows.only("pk", "at", "input_key", "input_sha256")
        batch = list(rows[:AT_ONCE])
        return batch and list(rows.filter(at__lte=batch[-1].at))


def _remove(tenant_id, batch, gone):
    """Pictures first: whoever breaks off between the two finds the rows again and goes on."""
    with tenant_scope(tenant_id):
        keys = _unshared(batch)
    for key in keys:
        default_storage.delete(key)
    ids = [row.pk for row in batch]
    with tenant_scope(tenant_id):
        Signs.objects.filter(prediction__in=ids).delete()
        BulkRow.objects.filter(prediction_id__in=ids).delete()  # they name the client's files
        kept = referred_to(ids)
        gone.predictions += len(
            call("lepton_remove_predictions", [pk for pk in ids if pk not in kept])
        )
        gone.stripped += len(call("lepton_strip_predictions", sorted(kept)))
    gone.inputs += len(keys)


def _unshared(batch) -> list[str]:
    """The pictures of these predictions that no other one of the tenant has."""
    keys = {row.input_key for row in batch if row.input_key}
    hashes = {row.input_sha256 for row in batch if row.input_key}
    others = Prediction.objects.filter(input_sha256__in=hashes, input_key__in=keys)
    others = others.exclude(pk__in=[row.pk for row in batch])
    return sorted(keys - set(others.values_list("input_key", flat=True)))


def referred_to(ids) -> set:
    """Those of these predictions that any other row names, but for the signs of their inputs."""
    found = set()
    for relation in Prediction._meta.related_objects:
        model, name = relation.related_model, relation.field.name
        if model is not Signs and not relation.many_to_many:
            rows = model.objects.filter(**{f"{name}__in": ids})
            found.update(rows.values_list(relation.field.attname, flat=True))
    return found
