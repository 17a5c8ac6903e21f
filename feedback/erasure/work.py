"""Carries out confirmed erasures: file after file, so that a lost worker's is gone on with."""

from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from engagements import documents, plan, timeline
from engagements.models import Engagement, Side
from feedback.erasure.models import ErasedPiece, Erasure
from feedback.erasure.receipt import receipt_of
from lepton.lib import live, storage
from lepton.lib.words import in_english
from training import leases
from training.datasets import erasing

AT_ONCE = 50
State = Erasure.State


def carry_out(claim: leases.Claim) -> None:
    """Take a claimed erasure to its end; what is gone already stays gone."""
    with claim.scope() as erasure:
        claim.write(state=State.RUNNING)
        live.look_again(claim.tenant_id, erasure.topic)
    with leases.Heart(claim) as heart:
        while pieces := _next(claim):
            if heart.should_stop():
                return claim.release(state=State.QUEUED)
            _erase(claim, pieces)
            heart.moved()
    _end(claim)
    return None


def _next(claim) -> list[ErasedPiece]:
    with claim.scope() as erasure:
        return list(erasure.pieces.filter(erased_at=None).order_by("pk")[:AT_ONCE])


def _erase(claim, pieces):
    """First the bytes, then the note: a worker that dies between the two removes nothing twice."""
    for piece in pieces:
        storage.discard(piece.storage_key)
    images = [piece.sha256 for piece in pieces if piece.kind == ErasedPiece.Kind.IMAGE]
    erasing.forget_locally(claim.tenant_id, images)
    with claim.scope() as erasure:
        ids = [piece.pk for piece in pieces]
        erasure.pieces.filter(pk__in=ids).update(erased_at=timezone.now())
        claim.checkpointed()
        live.look_again(claim.tenant_id, erasure.topic)


def _end(claim):
    """Write the receipt and open the training without them."""
    with claim.scope() as erasure, in_english():
        text = receipt_of(erasure)
    name = f"erasure-{str(claim.id)[:8]}.md"
    file, place = ContentFile(text.encode(), name=name), str(claim.id)
    stored = documents.store(file, tenant_id=claim.tenant_id, place=place)
    with claim.scope() as erasure, in_english():
        title = _("Receipt of an erasure")
        receipt = documents.add_document(erasure.engagement, title, file=stored, by=None)
        claim.release(**leases.ended(state=State.SUCCEEDED, receipt=receipt, cause="", hint=""))
        _open_retraining(erasure)
        facts = {"n": erasure.pieces.count()}
        url = erasure.get_absolute_url()
        timeline.record(erasure.engagement, "erasure.done", by=None, url=url, **facts)
        live.look_again(claim.tenant_id, erasure.topic, erasure.engagement.topic)
        audit.record("erasure.done", erasure, by=None, **facts)


def _open_retraining(erasure):
    """Ask the vendor for a next version and model, wherever models learned from what is gone."""
    images = erasure.pieces.filter(kind=ErasedPiece.Kind.IMAGE).values("image")
    touched = Engagement.objects.filter(
        datasets__versions__items__image__in=images, model_versions__isnull=False
    )
    n = erasure.pieces.filter(kind=ErasedPiece.Kind.IMAGE).count()
    title = ngettext(
        "Freeze the data anew and train without the %s erased image",
        "Freeze the data anew and train without the %s erased images",
        n,
    )
    for engagement in touched.select_related("tenant").distinct():
        plan.add_item(engagement, title % n, side=Side.VENDOR, by=None)
