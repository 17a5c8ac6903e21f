"""Writes on data that people make: datasets and imports. Versions are in versions.py."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import author
from engagements import timeline
from engagements.models import Engagement
from lepton.lib import live
from lepton.lib.wake import wake_on_commit
from training import tasks
from training.models import Dataset, Import

FIRST_NAME = gettext_noop("Images")


def create_dataset(engagement, *, name, by):
    """Make an empty dataset; its name is unique in the engagement."""
    dataset = Dataset(engagement=engagement, name=name.strip(), **author(by))
    with transaction.atomic():
        _alone(engagement)
        dataset.full_clean(exclude=["tenant", "created_by"])
        dataset.save(force_insert=True)
        audit.record("dataset.created", dataset, by=by)
    live.look_again(dataset.tenant_id, engagement.topic)
    return dataset


def first_dataset(engagement, *, by):
    """Return the engagement's oldest dataset, made now if it has none."""
    with transaction.atomic():
        _alone(engagement)
        return engagement.datasets.order_by("created_at").first() or create_dataset(
            engagement, name=FIRST_NAME, by=by
        )


def _alone(engagement):
    """Until this transaction ends, nobody else makes a dataset of the engagement."""
    Engagement.objects.locked(engagement.pk)


def start_import(dataset, *, upload, by):
    """Queue the import of a stored upload and wake a worker."""
    with transaction.atomic():
        import_ = Import.objects.create(
            dataset=dataset,
            source=upload.name,
            upload_key=upload.key,
            splits_key=upload.splits_key,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            **author(by),
        )
        url = import_.get_absolute_url()
        timeline.record(dataset.engagement, "import.started", by=by, url=url, source=upload.name)
        audit.record("import.started", import_, by=by, sha256=upload.sha256)
        wake_on_commit(tasks.wake_imports)
    return import_


def cancel_import(import_, *, by):
    """Cancel an import: at once if it waits, else the worker stops within a batch."""
    open_rows = Import.objects.filter(pk=import_.pk, cancel_requested_at=None).exclude(
        state__in=Import.ENDED
    )
    now = timezone.now()
    with transaction.atomic():
        if open_rows.filter(claimed_by="").update(
            cancel_requested_at=now, state=Import.State.CANCELLED, finished_at=now
        ):
            note_cancelled(import_, by=by)
        elif not open_rows.update(cancel_requested_at=now):
            raise ValidationError(_("This import has ended or is being cancelled already."))
        audit.record("import.cancelled", import_, by=by)
        tell(import_)
    import_.refresh_from_db()
    return import_


def note_cancelled(import_, *, by):
    """Put it on the timeline that an import was cancelled."""
    url = import_.get_absolute_url()
    engagement = import_.dataset.engagement
    timeline.record(engagement, "import.cancelled", by=by, url=url, source=import_.source)


def tell(import_):
    """Let pages that show this import look again."""
    live.look_again(import_.tenant_id, import_.topic, import_.dataset.engagement.topic)
