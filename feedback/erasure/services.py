"""Writes on erasures: ask, confirm, withdraw. A worker does what was confirmed (work.py)."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from accounts.system import call
from engagements import timeline
from feedback import tasks
from feedback.erasure import listing
from feedback.erasure.models import ErasedPiece, Erasure
from feedback.monitoring.models import Signs
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit
from serving.models import BulkRow
from training.datasets import erasing
from training.models import Item
from training.runs.services import cancel_run

State, Kind, Others = Erasure.State, Erasure.Kind, Erasure.Others


def ask_for_erasure(engagement, *, kind, subject, reason, by):
    """Ask to erase a subject: nothing is gone before somebody who manages the tenant confirms."""
    subject, reason = subject.strip(), reason.strip()
    if not reason:
        raise ValidationError({"reason": _("Say why: who asked for it, and when.")})
    if listing.look(kind, subject).is_empty:
        words = _("Nothing of this subject is held in this tenant. Check what it is called.")
        raise ValidationError({"subject": words})
    with transaction.atomic():
        erasure = Erasure.objects.create(
            engagement=engagement, kind=kind, subject=subject, reason=reason, **author(by)
        )
        _tell(erasure, "erasure.asked", by)
    return erasure


def confirm_erasure(erasure, *, touches_sha256, by, others=""):
    """Erase what was listed, for good: pages show none of it any more once this commits.

    `touches_sha256` is of the list the person saw. Where the same bytes belong to somebody else
    too, `others` says whether those are erased as well or kept.
    """
    if not isinstance(by, User):
        raise ValidationError(_("A person has to confirm this, not a key."))
    with transaction.atomic():
        erasure = _listed(erasure)
        found = listing.look(erasure.kind, erasure.subject)
        if found.sha256 != touches_sha256:
            raise Conflict(_("What it touches has changed since you looked: look again."))
        if found.shared and others not in Others.values:
            words = _("The same pictures belong to others too: erase those as well, or keep them?")
            raise ValidationError({"others": words})
        _carry_over(erasure, found, keeps=others == Others.KEEP and found.shared, by=by)
        confirmed = {"confirmed_by": by, "confirmed_at": timezone.now()}
        kept = {"others": others if found.shared else "", "touches": found.touches}
        Erasure.objects.filter(pk=erasure.pk).update(state=State.QUEUED, **confirmed, **kept)
        erasure.refresh_from_db()
        wake_on_commit(tasks.wake_erasures)
        _tell(erasure, "erasure.confirmed", by, touches_sha256=touches_sha256)
    return erasure


def withdraw_erasure(erasure, *, by):
    """Take the request back while nothing was confirmed."""
    with transaction.atomic():
        erasure = _listed(erasure)
        Erasure.objects.filter(pk=erasure.pk).update(state=State.WITHDRAWN)
        erasure.refresh_from_db()
        _tell(erasure, "erasure.withdrawn", by)
    return erasure


def forget_inputs(predictions) -> None:
    """Note on predictions that their inputs are kept no more; they are otherwise never changed."""
    call("lepton_forget_inputs", [one.pk for one in predictions])


def _carry_over(erasure, found, *, keeps, by):
    """Take everything out of the rows, and note which files have to go."""
    shared = found.shared if keeps else frozenset()
    images = [one for one in found.images if one.original_sha256 not in shared]
    asked = [one for one in found.predictions if one.input_sha256 not in shared and one.input_key]
    for run in found.runs:
        if run.cancel_requested_at is None:
            cancel_run(run, by=by)
    ErasedPiece.objects.bulk_create(_pieces(erasure, images, asked))
    Item.objects.filter(pk__in=[item.pk for item in found.items]).delete()
    erasing.mark(images)
    forget_inputs(asked)
    Signs.objects.filter(prediction__in=asked).delete()  # what was computed from them
    BulkRow.objects.filter(prediction_id__in=[one.pk for one in asked]).delete()  # names files


def _pieces(erasure, images, asked) -> list[ErasedPiece]:
    """The files that have to go; an input is kept once, however often it was sent."""
    pieces = [
        ErasedPiece(
            erasure=erasure,
            kind=ErasedPiece.Kind.IMAGE,
            image=one,
            sha256=one.sha256,
            storage_key=one.storage_key,
        )
        for one in images
    ]
    inputs = {one.input_key: one.input_sha256 for one in asked}
    pieces += [
        ErasedPiece(erasure=erasure, kind=ErasedPiece.Kind.INPUT, sha256=sha, storage_key=key)
        for key, sha in sorted(inputs.items())
    ]
    return pieces


def _listed(erasure):
    found = Erasure.objects.select_for_update(no_key=True).filter(pk=erasure.pk).first()
    if found is None or found.state != State.LISTED:
        raise Conflict(_("This request was confirmed or withdrawn already."))
    return found


def _tell(erasure, kind, by, **facts):
    """The timeline names no subject: it is to be forgotten."""
    engagement, url = erasure.engagement, erasure.get_absolute_url()
    words = {"what": Kind(erasure.kind).label}
    timeline.record(engagement, kind, by=by, url=url, **words)
    live.look_again(erasure.tenant_id, erasure.topic)
    audit.record(kind, erasure, by=by, reason=erasure.reason, **facts)
