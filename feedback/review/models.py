"""The review queue: what was drawn into it, and what each person said."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from serving.models import Prediction
from training.models import EvaluatedItem

GOLD, GIVEN = "gold", "feedback"  # put in; the latter may be drawn later
ANSWERED = "answered"  # drawn when people had answered it already
SAME_DRAW = ("item__engagement", "item__draw")


def is_answered() -> models.Q:
    """A condition on items: somebody answered in the queue, or elsewhere before it was drawn, or
    elsewhere before the queue, whose order is by lot, came past it.

    What the queue has yet to come to does not count: people answer elsewhere what they found wrong,
    and the answered items of a draw have to be a random part of it.
    """
    reviews = Review.objects.answers()
    own = reviews.filter(item=models.OuterRef("pk"))
    same = {name: models.OuterRef(name.removeprefix("item__")) for name in SAME_DRAW}
    later = reviews.filter(**same, item__position__gt=models.OuterRef("position"))
    standing = {"feedback__isnull": False, "feedback__superseded_at": None}
    said = Prediction.objects.filter(pk=models.OuterRef("prediction"), **standing)
    came_past = models.Q(source__in=[GIVEN, ANSWERED]) | models.Q(models.Exists(later))
    return models.Q(models.Exists(own)) | models.Q(models.Exists(said)) & came_past


class ReviewItemQuerySet(models.QuerySet):
    """Reads on the queue."""

    def drawn(self):
        """Those that were drawn by lot; gold and disputed feedback are put in."""
        return self.filter(probability__isnull=False)

    def answered(self):
        """Those that somebody has answered."""
        return self.filter(is_answered())


class ReviewItem(TenantModel):
    """A prediction somebody shall look at, or an image whose label is known (gold)."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="+")
    prediction = models.ForeignKey(
        Prediction, null=True, on_delete=models.CASCADE, related_name="review_items"
    )
    evaluated = models.ForeignKey(
        EvaluatedItem, null=True, on_delete=models.CASCADE, related_name="+"
    )
    source = models.CharField(max_length=20)  # of feedback.review.sources, or one of the above
    probability = models.FloatField(null=True)  # of being drawn; null: not drawn by lot
    draw = models.PositiveIntegerField(default=0)  # which draw it came in by
    position = models.FloatField()  # its place in the queue, by lot
    known_label = models.CharField(max_length=80, blank=True)  # gold: what it is
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScopedManager.from_queryset(ReviewItemQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "position"], name="review_items_in_order")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(prediction=None) ^ models.Q(evaluated=None),
                name="a_review_item_shows_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(probability=None)
                | models.Q(probability__gt=0, probability__lte=1),
                name="a_probability_is_above_zero",
            ),
            models.CheckConstraint(
                condition=models.Q(source=GOLD) ^ models.Q(known_label=""),
                name="gold_has_a_known_label",
            ),
            models.UniqueConstraint(
                "prediction",
                condition=~models.Q(source=GOLD),
                name="a_prediction_is_queued_once",
            ),
            models.UniqueConstraint(
                "evaluated", condition=models.Q(source=GOLD), name="a_gold_image_is_queued_once"
            ),
        ]

    def __str__(self):
        return f"{self.shown_label} ({self.source})"

    @property
    def is_gold(self) -> bool:
        return self.source == GOLD

    @property
    def shown_label(self) -> str:
        """What the model answered."""
        return self.prediction.label if self.prediction else self.evaluated.answer

    @property
    def shown_score(self) -> float:
        return self.prediction.score if self.prediction else self.evaluated.score

    @property
    def image_key(self) -> str:
        """Where the picture lies in storage."""
        return self.prediction.input_key if self.prediction else self.evaluated.image.storage_key


class ReviewQuerySet(models.QuerySet):
    """Reads on reviews."""

    def standing(self):
        return self.filter(undone_at=None)

    def answers(self):
        """Those that stand and say something."""
        return self.standing().exclude(verdict=Review.Verdict.SKIP)


class Review(Authored, TenantModel):
    """What one person said of one item; undone ones stay to be read."""

    class Verdict(models.TextChoices):
        """What was said."""

        CONFIRM = "confirm", _("Confirmed")
        CORRECT = "correct", _("Corrected")
        REJECT = "reject", _("Rejected")
        SKIP = "skip", _("Skipped")

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="reviews")
    verdict = models.CharField(max_length=10, choices=Verdict)
    label = models.CharField(max_length=80, blank=True)  # what it is; blank: rejected or skipped
    is_right = models.BooleanField(null=True)  # gold only
    is_adjudication = models.BooleanField(default=False)
    feedback = models.ForeignKey(
        "feedback.Feedback", null=True, on_delete=models.CASCADE, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(ReviewQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "item",
                "created_by",
                "is_adjudication",
                condition=models.Q(undone_at=None),
                name="one_standing_review_per_person",
            ),
        ]

    def __str__(self):
        return f"{self.get_verdict_display()} {self.label}".strip()
