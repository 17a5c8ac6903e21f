"""What practice keys did: kept here and nowhere else, so that it can count nowhere else."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement


class PracticeCallQuerySet(models.QuerySet):
    """Reads on calls."""

    def of_person(self, engagement, user):
        """The calls made with a person's practice keys."""
        return self.filter(engagement=engagement, api_key__created_by=user)


class PracticeCall(TenantModel):
    """One request the data plane saw; never changed."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="+")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    address = models.CharField(max_length=100)  # what was asked, as in "predict"
    status = models.PositiveSmallIntegerField()
    images = models.PositiveSmallIntegerField(default=0)
    retry_after_seconds = models.PositiveIntegerField(null=True)
    is_replay = models.BooleanField(default=False)  # answered again under its Idempotency-Key

    objects = ScopedManager.from_queryset(PracticeCallQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "-at"], name="practice_calls_newest")]

    def __str__(self):
        return f"{self.address}: {self.status}"


class PracticeAnswer(TenantModel):
    """One answer to a practice call, and what was said of it; its id is the `prediction_id`."""

    class Verdict(models.TextChoices):
        """What was said."""

        CONFIRM = "confirm", _("Confirmed")
        CORRECT = "correct", _("Corrected")
        REJECT = "reject", _("Rejected")

    call = models.ForeignKey(PracticeCall, on_delete=models.CASCADE, related_name="answers")
    classes = ArrayField(models.CharField(max_length=80))
    label = models.CharField(max_length=80)
    score = models.FloatField()
    reference = models.CharField(max_length=200, blank=True)
    verdict = models.CharField(max_length=10, choices=Verdict, blank=True)
    right_label = models.CharField(max_length=80, blank=True)
    comment = models.CharField(max_length=1000, blank=True)
    judged_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict="correct") ^ models.Q(right_label=""),
                name="a_practice_correction_names_a_label",
            )
        ]

    def __str__(self):
        return self.label
