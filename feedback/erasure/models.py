"""Requests to erase a subject, and each file that goes."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Document, Engagement
from training.models import Image
from training.models.leased import Leased


class ErasureQuerySet(models.QuerySet):
    """Reads on erasures."""

    def newest_first(self):
        return self.order_by("-created_at")


class Erasure(Leased, Authored, TenantModel):
    """A request to erase everything of one subject, throughout the tenant."""

    class Kind(models.TextChoices):
        """By what the subject is known."""

        REFERENCE = "reference", _("Client reference of predictions")
        GROUP = "group", _("Group of images (patient, part …)")
        IMAGE = "image", _("One image")
        PREDICTION = "prediction", _("One prediction")

    class State(models.TextChoices):
        """How far it is."""

        LISTED = "listed", _("Waits for a confirmation")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Erasing")
        SUCCEEDED = "succeeded", _("Erased")

    class Others(models.TextChoices):
        """What becomes of the very same bytes where they belong to somebody else too."""

        ERASE = "erase", _("Erase them too")
        KEEP = "keep", _("Keep them")

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="erasures")
    kind = models.CharField(max_length=10, choices=Kind)
    subject = models.CharField(max_length=200)
    reason = models.TextField(max_length=2000)
    state = models.CharField(max_length=10, choices=State, default=State.LISTED)
    others = models.CharField(max_length=5, choices=Others, blank=True)
    touches = models.JSONField(default=dict)  # of feedback.erasure.listing, when it was confirmed
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    receipt = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager.from_queryset(ErasureQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["state", "lease_expires_at"], name="erasure_claimable")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["listed", "withdrawn"])
                | models.Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="nothing_is_erased_unconfirmed",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.subject}"

    def get_absolute_url(self):
        return reverse("feedback:erasure", args=[self.tenant.slug, self.engagement_id, self.pk])

    @property
    def topic(self) -> str:
        """What pages that show it watch."""
        return f"erasure:{self.pk}"

    @property
    def audit_label(self) -> str:
        """What the audit calls it: not by the subject's name, which it is to forget."""
        return f"{self.get_kind_display()} {str(self.pk)[:8]}"


class ErasedPiece(TenantModel):
    """One file that an erasure removes; its hash stays."""

    class Kind(models.TextChoices):
        """What the file is."""

        IMAGE = "image", _("Image")
        INPUT = "input", _("Kept input")

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="pieces")
    kind = models.CharField(max_length=10, choices=Kind)
    image = models.ForeignKey(Image, null=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)  # of the stored image, or of what a client sent
    storage_key = models.CharField(max_length=200)
    erased_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "sha256"], name="erased_by_hash")]
        constraints = [
            models.UniqueConstraint("erasure", "storage_key", name="a_file_is_erased_once"),
            models.CheckConstraint(
                condition=models.Q(kind="image") ^ models.Q(image=None),
                name="an_erased_image_is_named",
            ),
        ]
