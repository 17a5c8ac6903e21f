"""What a model looked at in an image, asked for and worked out; and what images are like."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import TenantModel
from training.models.dataset import Image
from training.models.leased import Leased
from training.models.model_version import ModelVersion


class Explanation(Leased, Authored, TenantModel):
    """One question to a model version about an image; the row is the job and keeps the answer."""

    class State(models.TextChoices):
        """Where it is."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")

    class Method(models.TextChoices):
        """How it is worked out; "answer" asks for the scores alone."""

        EVIDENCE = "evidence", _("Class activation map")
        GRAD_CAM = "grad_cam", _("Grad-CAM")
        OCCLUSION = "occlusion", _("Occlusion")
        ANSWER = "answer", _("Answer")

    ENDED = (State.SUCCEEDED, State.FAILED)

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="explanations"
    )
    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="+")
    method = models.CharField(max_length=10, choices=Method)
    label = models.CharField(max_length=80, blank=True)  # the class explained; of an answer: none
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    scores = models.JSONField(null=True)  # in the order of the version's classes
    heat = models.JSONField(null=True)  # rows over the centre crop, 0 to 1

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "model_version", "image", "method", "label", name="a_question_is_asked_once"
            )
        ]
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="explanation_claimable"),
            models.Index(fields=["tenant", "claimed_at"], name="explanations_by_turn"),
        ]

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def topic(self) -> str:
        """What pages that wait for it listen to."""
        return f"explanation:{self.pk}"


class ImageVector(TenantModel):
    """What a network sees in an image, in few bytes, to find images that are alike."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="vectors")
    network = models.CharField(max_length=40)  # a backbone's name
    weights = models.CharField(max_length=16)  # the start of its weights' sha256
    vector = models.BinaryField(max_length=256)  # int8, training/datasets/vectors.py

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "image", "network", "weights", name="an_image_has_one_vector_per_network"
            )
        ]
