"""Receipts: the fate of the feedback on one prediction."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from serving.models import Prediction
from training.models import DatasetVersion, Image, ModelVersion


class ReceiptQuerySet(models.QuerySet):
    """Reads on receipts."""

    def newest_first(self):
        related = ("prediction__model_version", "version__dataset", "version__tenant")
        return self.select_related(*related, "model_version").order_by("-settled_at", "-pk")

    def waiting(self):
        """Accepted labels that no dataset version has taken up yet."""
        return self.filter(state=Receipt.State.ACCEPTED, fate="").exclude(label="")


class Receipt(TenantModel):
    """What the feedback on one prediction came to; settled anew with each further answer."""

    class State(models.TextChoices):
        """How far people are with it."""

        SECOND_OPINION = "second_opinion", _("Waits for a second opinion")
        ADJUDICATION = "adjudication", _("People differ")
        ACCEPTED = "accepted", _("Accepted")

    class Fate(models.TextChoices):
        """What the next dataset version made of it."""

        ADDED = "added", _("Added")
        RELABELLED = "relabelled", _("Relabelled")
        HOLDOUT = "holdout", _("Relabelled in the holdout")
        THERE = "there", _("In the data already")
        LEFT_OUT = "left_out", _("Left out")

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="+")
    prediction = models.OneToOneField(Prediction, on_delete=models.CASCADE, related_name="receipt")
    state = models.CharField(max_length=20, choices=State)
    label = models.CharField(max_length=80, blank=True)  # held right; blank: rejected or undecided
    is_correction = models.BooleanField(default=False)  # the model had said something else
    opinions = models.PositiveSmallIntegerField()  # of different people and keys
    is_adjudicated = models.BooleanField(default=False)
    why = models.CharField(
        max_length=20, blank=True
    )  # a second opinion is asked for (settling.WHY)
    settled_at = models.DateTimeField(default=timezone.now)
    # what became of it in the data
    fate = models.CharField(max_length=12, choices=Fate, blank=True)
    reason = models.CharField(max_length=20, blank=True)  # it was left out (gathering.REASONS)
    image = models.ForeignKey(Image, null=True, on_delete=models.PROTECT, related_name="+")
    iteration = models.ForeignKey(
        "feedback.DataIteration", null=True, on_delete=models.SET_NULL, related_name="receipts"
    )
    version = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # what the newest promoted model says of the very input
    model_version = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answer = models.CharField(max_length=80, blank=True)

    objects = ScopedManager.from_queryset(ReceiptQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "state", "fate"], name="receipts_by_fate")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fate="") | models.Q(state="accepted"),
                name="only_what_is_accepted_is_used",
            ),
        ]

    def __str__(self):
        return self.get_state_display()

    @property
    def now_right(self) -> bool | None:
        """Whether the newest promoted model answers this input right; None: it was not asked."""
        return self.answer == self.label if self.model_version_id else None
