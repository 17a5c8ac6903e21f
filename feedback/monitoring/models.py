"""When endpoints were watched, and what the looks at their drift found."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from serving.models import Endpoint, Prediction
from training.models import ModelVersion


class Watch(TenantModel):
    """How far a worker is with watching an endpoint (feedback/monitoring/watching.py)."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="watch")
    looked_at = models.DateTimeField(null=True)  # when a worker last began
    kept_since = models.DateTimeField(null=True)  # what was predicted before was removed

    class Meta(TenantModel.Meta):
        pass


class Signs(TenantModel):
    """What one kept input looks like, measured once: its looks and its features.

    Goes with its prediction, when retention or an erasure removes that.
    """

    prediction = models.OneToOneField(Prediction, on_delete=models.CASCADE, related_name="signs")
    looks = models.JSONField()  # {"width", "height", "brightness", "sharpness"}
    features = models.BinaryField()  # float16, as many as the graph gives

    class Meta(TenantModel.Meta):
        pass


class ReferenceQuerySet(models.QuerySet):
    """Reads on references."""

    def standing(self, endpoint, model_version):
        """The newest one for this model version at this endpoint, or None."""
        mine = self.filter(endpoint=endpoint, model_version=model_version)
        return mine.order_by("-created_at").first()


class DriftReference(Authored, TenantModel):
    """What traffic is compared with: the model's held-out images, or traffic somebody accepted."""

    class Kind(models.TextChoices):
        """Where it comes from."""

        HELD_OUT = "held_out", _("The images the model was measured on")
        TRAFFIC = "traffic", _("Traffic that was accepted")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="references")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    n = models.PositiveIntegerField()
    features = models.BinaryField()  # float16 [n, features]
    looks = models.JSONField()  # {name: [n numbers]}
    classes = models.JSONField()  # {label: n}

    objects = ScopedManager.from_queryset(ReferenceQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["endpoint", "-created_at"], name="references_newest")]


class LookQuerySet(models.QuerySet):
    """Reads on looks."""

    def newest_first(self):
        related = self.select_related("model_version", "reference")
        return related.prefetch_related("findings").order_by("-created_at")

    def done(self):
        return self.filter(state=DriftLook.State.DONE)


class DriftLook(Authored, TenantModel):
    """One comparison of recent traffic with the reference; the row is the job."""

    class State(models.TextChoices):
        """How far it is."""

        QUEUED = "queued", _("Queued")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="looks")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    claimed_until = models.DateTimeField(null=True)
    model_version = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.CASCADE, related_name="+"
    )
    reference = models.ForeignKey(
        DriftReference, null=True, on_delete=models.CASCADE, related_name="+"
    )
    answers_until = models.DateTimeField(null=True)  # the newest answer it looked at
    n = models.PositiveIntegerField(default=0)  # answers it looked at
    done_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)  # why it failed

    objects = ScopedManager.from_queryset(LookQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "endpoint", condition=models.Q(state="queued"), name="one_look_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["endpoint", "-created_at"], name="looks_newest")]


class DriftFinding(TenantModel):
    """What one look found of inputs, answers or picture quality. Never changed."""

    class Kind(models.TextChoices):
        """What was compared."""

        INPUTS = "inputs", _("Inputs")
        ANSWERS = "answers", _("Answers")
        QUALITY = "quality", _("Picture quality")

    look = models.ForeignKey(DriftLook, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=10, choices=Kind)
    n_reference = models.PositiveIntegerField()
    n_recent = models.PositiveIntegerField()
    distance = models.FloatField()
    p_value = models.FloatField()  # of this look alone
    looks = models.PositiveIntegerField()  # of the last week, this one included
    has_drifted = models.BooleanField()
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("look", "kind", name="one_finding_of_a_kind")]

    @property
    def corrected_p_value(self) -> float:
        """Bonferroni's, over the looks of the last week."""
        return min(1.0, self.p_value * self.looks)
