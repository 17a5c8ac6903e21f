"""Model selection: what backbones cost on this host, and which one an engagement chose."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from training.engine import backbones
from training.models.run import Run


class BackboneMeasurement(models.Model):
    """What one backbone was measured to need on one host and device. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    backbone = models.CharField(max_length=40)
    host = models.CharField(max_length=200)  # processor, threads
    device = models.CharField(max_length=40)  # cpu, cuda:0
    runtime = models.CharField(max_length=80)  # with its version
    pretrained = models.BooleanField()
    parameters = models.BigIntegerField()
    multiply_adds = models.BigIntegerField()  # per image
    memory_bytes = models.BigIntegerField()  # peak above the bare process
    latency_ms = models.FloatField()  # median, one image at a time
    latency_p95_ms = models.FloatField()
    images = models.PositiveIntegerField()  # timed
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["backbone", "device", "-at"], name="measurements_newest")]

    def __str__(self):
        return f"{self.backbone} on {self.device}"


class SelectionQuerySet(models.QuerySet):
    """Reads on selections."""

    def newest_first(self):
        return self.order_by("-created_at")


class ModelSelection(Authored, TenantModel):
    """The backbone an engagement chose for an iteration, beside what was recommended then."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="selections")
    iteration = models.PositiveIntegerField()
    backbone = models.CharField(max_length=40)
    method = models.CharField(max_length=20)
    reason = models.TextField(max_length=2000)
    recommended = models.JSONField(default=dict)  # of training.selection.recommend

    objects = ScopedManager.from_queryset(SelectionQuerySet)()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return self.backbone

    @property
    def backbone_title(self) -> str:
        known = backbones.CATALOGUE.get(self.backbone)
        return known.title if known else self.backbone

    @property
    def method_title(self) -> str:
        return str(Run.Method(self.method).label)
