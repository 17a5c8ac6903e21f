"""Writes on bulk predictions that people make."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from engagements import timeline
from lepton.lib import live, storage
from lepton.lib.wake import wake_on_commit
from serving import tasks
from serving.bulk.models import BulkPrediction

State = BulkPrediction.State


def topic(endpoint) -> str:
    """What pages that show an endpoint's bulk predictions listen to."""
    return f"bulk:{endpoint.pk}"


def start(endpoint, *, upload, by):
    """Queue the images of a stored upload to be answered, and wake a worker."""
    if endpoint.champion is None:
        raise ValidationError(_("No model answers at this endpoint yet: deploy one first."))
    with transaction.atomic():
        bulk = BulkPrediction.objects.create(
            endpoint=endpoint,
            source=upload.name,
            upload_key=upload.key,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            **author(by),
        )
        audit.record("bulk.started", bulk, by=by, sha256=upload.sha256)
        note(bulk, "bulk.started", by=by)
        wake_on_commit(tasks.wake_bulk)
    return bulk


def cancel(bulk, *, by):
    """Cancel it: at once if it waits, else the worker stops within a few images."""
    unended = BulkPrediction.objects.filter(pk=bulk.pk, cancel_requested_at=None)
    unended = unended.exclude(state__in=BulkPrediction.ENDED)
    now = timezone.now()
    with transaction.atomic():
        ended = {"state": State.CANCELLED, "finished_at": now, "lease_expires_at": None}
        if unended.filter(claimed_by="").update(cancel_requested_at=now, **ended):
            note(bulk, "bulk.cancelled", by=by)
            transaction.on_commit(lambda: storage.discard(bulk.upload_key))
        elif not unended.update(cancel_requested_at=now):
            raise ValidationError(_("This has ended or is being cancelled already."))
        audit.record("bulk.cancelled", bulk, by=by)
        tell(bulk)
    bulk.refresh_from_db()
    return bulk


def note(bulk, kind, *, by, **facts):
    """Put it on the timeline, and let pages look again."""
    engagement, url = bulk.endpoint.engagement, bulk.get_absolute_url()
    timeline.record(engagement, kind, by=by, url=url, source=bulk.source, **facts)
    tell(bulk)


def tell(bulk):
    """Let pages that show it look again."""
    live.look_again(bulk.tenant_id, topic(bulk.endpoint))
