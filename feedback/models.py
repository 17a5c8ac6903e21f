"""Feedback on predictions, with its history."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, Authored
from accounts.scoping import ScopedManager, TenantModel
from feedback.alerts.models import Alert, AlertRule
from feedback.erasure.models import ErasedPiece, Erasure
from feedback.monitoring.models import DriftFinding, DriftLook, DriftReference, Signs, Watch
from feedback.tickets.models import Ticket, TicketMessage
from serving.models import Endpoint, Prediction
from training.models import ModelVersion


class FeedbackQuerySet(models.QuerySet):
    """Reads on feedback."""

    def current(self):
        """Only what stands: the newest feedback of each prediction."""
        return self.filter(superseded_at=None)

    def opinions(self):
        """Everything somebody said and did not take back, oldest first."""
        return self.filter(withdrawn_at=None).order_by("created_at", "pk")

    def newest_first(self):
        return self.select_related("prediction__model_version").order_by("-created_at")


class Feedback(Authored, TenantModel):
    """What somebody said of one prediction; a change of mind is a new row that supersedes it."""

    class Verdict(models.TextChoices):
        """What was said."""

        CONFIRM = "confirm", _("Confirmed")
        CORRECT = "correct", _("Corrected")
        REJECT = "reject", _("Rejected")

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="feedback")
    verdict = models.CharField(max_length=10, choices=Verdict)
    label = models.CharField(max_length=80, blank=True)  # the right one, when corrected
    comment = models.CharField(max_length=1000, blank=True)
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="+")
    superseded_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)  # its author took it back: it is no opinion
    is_adjudication = models.BooleanField(default=False)  # it decides between people who differ

    # What a prediction says never changes; with it here, a quarter's answers are summed without
    # looking up a million predictions.
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="+")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    predicted_at = models.DateTimeField()
    predicted_label = models.CharField(max_length=80)

    objects = ScopedManager.from_queryset(FeedbackQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "prediction",
                condition=models.Q(superseded_at=None),
                name="one_standing_feedback_per_prediction",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="correct") ^ models.Q(label=""),
                name="a_correction_names_the_right_label",
            ),
        ]
        indexes = [
            models.Index(
                "endpoint",
                "predicted_at",
                condition=models.Q(superseded_at=None),
                name="standing_feedback_by_time",
            ),
        ]

    def __str__(self):
        return f"{self.predicted_label}: {self.get_verdict_display()}"

    def save(self, **options):
        if self._state.adding:
            of = self.prediction
            self.endpoint_id, self.model_version_id = of.endpoint_id, of.model_version_id
            self.predicted_at, self.predicted_label = of.at, of.label
        super().save(**options)


from feedback.iteration.models import DataIteration, IterationPolicy  # noqa: E402
from feedback.receipts.models import Receipt  # noqa: E402
from feedback.review.models import Review, ReviewItem  # noqa: E402

__all__ = [
    "Alert",
    "AlertRule",
    "DataIteration",
    "DriftFinding",
    "DriftLook",
    "DriftReference",
    "ErasedPiece",
    "Erasure",
    "Feedback",
    "IterationPolicy",
    "Receipt",
    "Review",
    "ReviewItem",
    "Signs",
    "Ticket",
    "TicketMessage",
    "Watch",
]
