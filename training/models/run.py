"""Runs: one training each."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from training.engine import backbones
from training.models.dataset import DatasetVersion, Image
from training.models.leased import Leased

TEST_FIGURES = "model_version__evaluations"


class RunQuerySet(models.QuerySet):
    """Reads on runs."""

    def newest_first(self):
        return self.order_by("-number")

    def for_lists(self):
        related = ("dataset_version__dataset", "model_version")
        return self.select_related(*related).prefetch_related(TEST_FIGURES).newest_first()


class Run(Leased, Authored, TenantModel):
    """One training of one model on one dataset version."""

    class State(models.TextChoices):
        """Where the run is."""

        QUEUED = "queued", _("Queued")
        PREPARING = "preparing", _("Preparing")
        TRAINING = "training", _("Training")
        EVALUATING = "evaluating", _("Evaluating")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Method(models.TextChoices):
        """What is trained."""

        LINEAR_PROBE = "linear_probe", _("Linear probe")
        FINE_TUNE = "fine_tune", _("Fine-tune")

    ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="runs")
    dataset_version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="runs"
    )
    number = models.PositiveIntegerField()
    task_type = models.CharField(max_length=40)
    method = models.CharField(max_length=20, choices=Method)
    backbone = models.CharField(max_length=40)
    params = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.JSONField(default=dict)  # the newest training.engine.progress.Progress
    log_tail = models.TextField(blank=True)
    manifest = models.JSONField(default=dict)  # what reproduces the figures
    traceparent = models.CharField(max_length=55, blank=True)  # of the request that started it
    # what it used, all attempts together; None: not metered (training/runs/spent.py)
    cpu_seconds = models.FloatField(null=True)
    gpu_seconds = models.FloatField(null=True)

    objects = ScopedManager.from_queryset(RunQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("engagement", "number", name="runs_count_up")]
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="run_claimable"),
            models.Index(fields=["tenant", "started_at"], name="runs_by_turn"),
        ]

    def __str__(self):
        return f"Run {self.number}"

    def get_absolute_url(self):
        return reverse("training:run", args=[self.tenant.slug, self.engagement_id, self.pk])

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def backbone_title(self) -> str:
        known = backbones.CATALOGUE.get(self.backbone)
        return known.title if known else self.backbone

    @property
    def topic(self) -> str:
        """What pages that show it watch."""
        return f"run:{self.pk}"

    @property
    def took_seconds(self) -> float | None:
        """From the first start to the end, or until now; None while it waits."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def shown_state(self) -> str:
        """The state people see: a run that was asked to stop and has not yet is cancelling."""
        stopping = self.cancel_requested_at and not self.has_ended
        return "cancelling" if stopping else self.state

    @property
    def test_evaluation(self):
        """The figures of the model version it made, or None."""
        version = getattr(self, "model_version", None)
        return version and version.test_evaluation


class RunEpoch(TenantModel):
    """The figures of one finished epoch."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="epochs")
    epoch = models.PositiveIntegerField()
    train_loss = models.FloatField(null=True)
    valid_loss = models.FloatField(null=True)
    valid_accuracy = models.FloatField(null=True)
    items_per_second = models.FloatField(null=True)
    at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        ordering = ["epoch"]
        constraints = [models.UniqueConstraint("run", "epoch", name="one_row_per_epoch")]


class LabelSuspect(TenantModel):
    """A label that a run's cross-validation doubts (training/engine/suspects.py)."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="suspects")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=80)
    suggested = models.CharField(max_length=80)
    margin = models.FloatField()  # p(label) - p(suggested), -1 to 0

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("run", "image", name="one_suspicion_per_image")]
