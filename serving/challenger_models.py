"""What runs beside the champion: challengers, the answers compared with its own, their failures."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from training.models import ModelVersion

PERCENT = [MinValueValidator(1), MaxValueValidator(100)]


class ChallengerQuerySet(models.QuerySet):
    """Reads on challengers."""

    def newest_first(self):
        return self.select_related("model_version").order_by("-number")

    def active(self):
        """The one beside the champion (it answers, or will when it is loaded), or None."""
        return self.newest_first().filter(state__in=Challenger.ACTIVE).first()

    def answering_at(self, moment):
        """The canaries that answered a share of the clients at a moment (at most one for each
        endpoint)."""
        begun = Q(variant=Challenger.Variant.CANARY, live_at__lte=moment)
        return self.newest_first().filter(begun, Q(ended_at=None) | Q(ended_at__gt=moment))


class Challenger(Authored, TenantModel):
    """One entry of what ran beside the champion: which model version, as what, for how much.

    Going on to another share is another entry, so that the past is never rewritten.
    """

    class Variant(models.TextChoices):
        """What it is for."""

        SHADOW = "shadow", _("Shadow")
        CANARY = "canary", _("Canary")

    class State(models.TextChoices):
        """How far it is, or how it ended."""

        LOADING = "loading", _("Loading")
        LIVE = "live", _("Live")
        FAILED = "failed", _("Failed")
        STOPPED = "stopped", _("Stopped")
        STEPPED = "stepped", _("Next step")
        PROMOTED = "promoted", _("Promoted")
        ROLLED_BACK = "rolled_back", _("Rolled back")

    ACTIVE = (State.LOADING, State.LIVE)
    GUARDS = (
        "least_answers",
        "most_failing_percent",
        "most_latency_ratio",
        "least_agreement_percent",
    )

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="challengers"
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    variant = models.CharField(max_length=10, choices=Variant)
    share_percent = models.PositiveSmallIntegerField(
        _("share of the requests (%)"), validators=PERCENT
    )
    state = models.CharField(max_length=12, choices=State, default=State.LOADING)
    live_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)
    # The guards of a canary.
    least_answers = models.PositiveIntegerField(
        _("judged from so many answers on"), default=50, validators=[MinValueValidator(5)]
    )
    most_failing_percent = models.FloatField(
        _("most that may fail (%)"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    most_latency_ratio = models.FloatField(
        _("slowest against the champion (times)"), default=2.0, validators=[MinValueValidator(1)]
    )
    least_agreement_percent = models.FloatField(
        _("least agreement with the champion (%)"),
        default=80.0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )

    objects = ScopedManager.from_queryset(ChallengerQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("endpoint", "number", name="challengers_count_up"),
            models.UniqueConstraint(
                "endpoint",
                condition=Q(state__in=("loading", "live")),
                name="one_challenger_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(share_percent__gte=1, share_percent__lte=100),
                name="challenger_share_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("loading", "live"), ended_at=None)
                | (~Q(state__in=("loading", "live")) & Q(ended_at__isnull=False)),
                name="challengers_end_once",
            ),
        ]

    def __str__(self):
        return f"{self.get_variant_display()} {self.model_version.number}"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def is_canary(self) -> bool:
        return self.variant == self.Variant.CANARY


class ShadowAnswerQuerySet(models.QuerySet):
    """Reads on second answers."""

    def disagreements(self):
        """Those that named another class than the client was answered, newest first."""
        whole = self.select_related(
            "model_version", "prediction__model_version", "prediction__endpoint", "challenger"
        )
        return whole.filter(agrees=False).order_by("-at")


class ShadowAnswer(TenantModel):
    """A second answer to what a client asked, by the variant that did not answer the client.

    Beside a shadow it is the challenger's; beside a canary, which answers the client itself, it
    is the champion's. Never changed.
    """

    prediction = models.ForeignKey(
        "serving.Prediction", on_delete=models.CASCADE, related_name="shadow_answers"
    )
    challenger = models.ForeignKey(Challenger, on_delete=models.CASCADE, related_name="answers")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    label = models.CharField(max_length=80)
    score = models.FloatField()
    scores = ArrayField(models.FloatField())  # in the order of the model version's classes
    agrees = models.BooleanField()  # the class is the one the client was answered
    latency_ms = models.FloatField()  # decoding and running alone: it waits for nobody

    objects = ScopedManager.from_queryset(ShadowAnswerQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("prediction", "challenger", name="one_second_answer_each")
        ]
        indexes = [
            models.Index(fields=["challenger", "-at"], name="shadows_newest"),
            models.Index(
                fields=["challenger", "-at"], condition=Q(agrees=False), name="disagreements_newest"
            ),
        ]


class ChallengerFailure(TenantModel):
    """A request that a challenger could not answer; the champion did. Never changed."""

    challenger = models.ForeignKey(Challenger, on_delete=models.CASCADE, related_name="failures")
    at = models.DateTimeField(default=timezone.now)
    cause = models.TextField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["challenger", "-at"], name="failures_newest")]
