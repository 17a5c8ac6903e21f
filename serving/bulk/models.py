"""Bulk predictions and what became of each of their images."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from training.models.leased import Leased


class BulkQuerySet(models.QuerySet):
    """Reads on bulk predictions."""

    def for_lists(self):
        """Newest first, each with how many of its images got no answer."""
        refused = models.Count("rows", filter=~models.Q(rows__error=""))
        return self.select_related("tenant").annotate(refused=refused).order_by("-created_at")


class BulkPrediction(Leased, Authored, TenantModel):
    """A zip or manifest whose images an endpoint answers when it has nothing else to do."""

    class State(models.TextChoices):
        """Where it is."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="bulk_predictions"
    )
    source = models.CharField(max_length=255)  # the file name as it was sent
    upload_key = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    files_total = models.PositiveIntegerField(null=True)
    files_done = models.PositiveIntegerField(default=0)

    objects = ScopedManager.from_queryset(BulkQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["state", "lease_expires_at"], name="bulk_claimable")]

    def __str__(self):
        return self.source

    def get_absolute_url(self):
        address = [self.tenant.slug, self.endpoint.engagement_id]
        return f"{reverse('serving:endpoint', args=address)}#bulk-panel"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def eta_seconds(self) -> float | None:
        """How long it will still take at the pace so far, None while that cannot be said."""
        if self.state != self.State.RUNNING or not self.files_done:
            return None
        took = (timezone.now() - self.started_at).total_seconds()
        return took / self.files_done * (self.files_total - self.files_done)


class BulkRow(TenantModel):
    """The answer to one image of a bulk prediction, or why there is none."""

    parent = models.ForeignKey(
        BulkPrediction, on_delete=models.CASCADE, related_name="rows", db_column="bulk_id"
    )
    position = models.PositiveIntegerField()  # in the archive or manifest, from 0
    path = models.CharField(max_length=500)  # or the sha256 that a manifest named it by
    reference = models.CharField(max_length=200, blank=True)  # that its prediction was given
    prediction_id = models.UUIDField(null=True)  # no reference: its row may be written later
    label = models.CharField(max_length=80, blank=True)
    score = models.FloatField(null=True)
    scores = models.JSONField(default=dict)  # by class
    model_version = models.PositiveIntegerField(null=True)  # its number
    error = models.TextField(blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("parent", "position", name="one_answer_per_bulk_file"),
            models.CheckConstraint(
                condition=models.Q(prediction_id=None) ^ models.Q(error=""),
                name="bulk_row_has_answer_or_error",
            ),
        ]
