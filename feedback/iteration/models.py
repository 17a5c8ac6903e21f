"""Data iterations and the policy they follow."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from serving.models import Deployment
from training.models import DatasetVersion, ModelVersion, Run

SLICE_LENGTH = 261  # a name of metadata, "=", a value


class IterationPolicy(Authored, TenantModel):
    """When an engagement's data iterations start, and who promotes what wins."""

    class Mode(models.TextChoices):
        """How much happens by itself."""

        MANUAL = "manual", _("By hand: people start it and promote what wins")
        SHADOW = "shadow", _("Shadow first: what wins answers unseen before it is promoted")
        AUTOMATIC = "automatic", _("Automatic: what wins is promoted at once")

    class Method(models.TextChoices):
        """What the challenger is trained by."""

        PROBE = "linear_probe", _("Linear probe on the champion's network, in seconds")
        AS_CHAMPION = "as_champion", _("As the champion was trained")

    engagement = models.OneToOneField(
        Engagement, on_delete=models.CASCADE, related_name="iteration_policy"
    )
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, default=Mode.MANUAL)
    method = models.CharField(_("method"), max_length=20, choices=Method, default=Method.PROBE)
    least_corrections = models.PositiveIntegerField(
        _("corrections"), default=20, validators=[MinValueValidator(1)]
    )
    every_days = models.PositiveIntegerField(
        _("days"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    cooldown_hours = models.PositiveIntegerField(_("cool-down in hours"), default=24)
    runs_per_day = models.PositiveIntegerField(
        _("runs a day"), default=3, validators=[MinValueValidator(1)]
    )
    margin = models.DecimalField(
        _("margin"),
        max_digits=4,
        decimal_places=3,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    protected_classes = ArrayField(
        models.CharField(max_length=80),
        default=list,
        blank=True,
        verbose_name=_("protected classes"),
    )
    protected_slices = ArrayField(
        models.CharField(max_length=SLICE_LENGTH),
        default=list,
        blank=True,
        verbose_name=_("protected slices"),
    )  # of feedback.iteration.slices
    demotes = models.BooleanField(_("demote by itself"), default=True)
    watch_days = models.PositiveIntegerField(
        _("days watched"), default=14, validators=[MinValueValidator(1)]
    )
    due_at = models.DateTimeField(null=True)  # when the triggers are looked at next

    objects = ScopedManager()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return str(self.get_mode_display())

    @property
    def is_by_hand(self) -> bool:
        return self.mode == self.Mode.MANUAL


class DataIterationQuerySet(models.QuerySet):
    """Reads on data iterations."""

    def newest_first(self):
        related = ("tenant", "version__dataset", "base__dataset", "run", "champion", "challenger")
        return self.select_related(*related).order_by("-number")

    def under_way(self):
        return self.exclude(state__in=DataIteration.ENDED)

    def watched(self):
        """Promoted ones whose accuracy in use is still compared with that before."""
        return self.filter(state=DataIteration.State.PROMOTED, watched_until__gt=timezone.now())


class DataIteration(Authored, TenantModel):
    """One pass from accepted corrections to a judged challenger. The row is the job."""

    class State(models.TextChoices):
        """Where it is."""

        GATHERING = "gathering", _("Gathering corrections")
        TRAINING = "training", _("Training the challenger")
        JUDGING = "judging", _("Judging the challenger")
        SHADOWING = "shadowing", _("In the shadow")
        DECISION = "decision", _("Waits for a decision")
        CHECKING = "checking", _("Checking corrections")
        PROMOTED = "promoted", _("Promoted")
        KEPT = "kept", _("Champion kept")
        DEMOTED = "demoted", _("Demoted")
        NOTHING = "nothing", _("Nothing new")
        FAILED = "failed", _("Failed")

    ENDED = (State.PROMOTED, State.KEPT, State.DEMOTED, State.NOTHING, State.FAILED)

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="data_iterations"
    )
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=20)  # of feedback.iteration.triggers, or "hand"
    trigger_words = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.GATHERING)
    base = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(
        DatasetVersion, null=True, on_delete=models.PROTECT, related_name="data_iterations"
    )
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="data_iterations"
    )
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    challenger = models.ForeignKey(
        ModelVersion, null=True, on_delete=models.PROTECT, related_name="+"
    )
    judgement = models.JSONField(null=True)  # of feedback.iteration.judging
    deployment = models.ForeignKey(
        Deployment, null=True, on_delete=models.PROTECT, related_name="+"
    )
    accuracy_before = models.JSONField(null=True)  # realised, of the champion when it was replaced
    promoted_at = models.DateTimeField(null=True)
    watched_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cause = models.TextField(blank=True)
    # the job: when a worker looks next, the number that fences it, failures of the present step
    due_at = models.DateTimeField(null=True, default=timezone.now)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)

    objects = ScopedManager.from_queryset(DataIterationQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "number", name="data_iterations_count_up"),
            models.UniqueConstraint(
                "engagement",
                condition=models.Q(
                    state__in=[
                        "gathering",
                        "training",
                        "judging",
                        "shadowing",
                        "decision",
                        "checking",
                    ]
                ),
                name="one_data_iteration_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="data_iterations_due")]

    def __str__(self):
        return f"Data iteration {self.number}"

    def get_absolute_url(self):
        where = [self.tenant.slug, self.engagement_id, self.number]
        return reverse("feedback:iteration", args=where)

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED
