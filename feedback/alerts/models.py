"""Alert rules of an endpoint, and the alerts they raised."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, Membership, User
from accounts.scoping import ScopedManager, TenantModel
from serving.models import Endpoint


def may_own(user) -> bool:
    """Whether somebody may see what a rule finds: the vendor and members of the active tenant."""
    return user.is_vendor_staff or Membership.objects.filter(user=user).exists()


class RuleQuerySet(models.QuerySet):
    """Reads on rules."""

    def for_lists(self):
        """With their owners and what is open of each, in two queries."""
        still_open = models.Prefetch("alerts", Alert.objects.still_open(), to_attr="standing")
        rows = self.select_related("owner", "endpoint").prefetch_related(still_open)
        return rows.order_by("created_at", "metric")

    def active(self):
        return self.filter(is_active=True)


class AlertRule(Authored, TenantModel):
    """When somebody is to be told: a metric beyond a threshold, from enough rows, for long enough.

    Never deleted, only turned off, so that the history of its alerts stays readable.
    """

    class Metric(models.TextChoices):
        """What is watched."""

        FAILED = "failed", _("Share of failed requests")
        REFUSED = "refused", _("Share of refused requests")
        LATENCY = "latency_p95", _("Latency, 95th percentile")
        VOLUME = "volume", _("Number of predictions")
        DOUBTFUL = "doubtful", _("Share of doubtful answers")
        ACCURACY = "accuracy", _("Realised accuracy")
        ESTIMATED = "estimated_accuracy", _("Estimated accuracy")
        DRIFT_INPUTS = "drift_inputs", _("Drift of inputs")
        DRIFT_ANSWERS = "drift_answers", _("Drift of answers")
        DRIFT_QUALITY = "drift_quality", _("Drift of picture quality")

    class Test(models.TextChoices):
        """How it is held against the threshold."""

        ABOVE = "above", _("is above")
        BELOW = "below", _("is below")
        RISE = "rise", _("rose against the period before by")
        FALL = "fall", _("fell against the period before by")
        DRIFTED = "drifted", _("has drifted")

    class Severity(models.TextChoices):
        """How bad it is."""

        INFO = "info", _("Info")
        WARNING = "warning", _("Warning")
        CRITICAL = "critical", _("Critical")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="alert_rules")
    metric = models.CharField(_("metric"), max_length=20, choices=Metric)
    test = models.CharField(_("test"), max_length=10, choices=Test)
    threshold = models.FloatField(_("threshold"), default=0)
    window_minutes = models.PositiveIntegerField(
        _("window"), default=60, validators=[MinValueValidator(5), MaxValueValidator(43_200)]
    )
    minimum_n = models.PositiveIntegerField(_("minimum n"), default=20)
    hold_minutes = models.PositiveIntegerField(
        _("must hold for"), default=0, validators=[MaxValueValidator(1440)]
    )
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity, default=Severity.WARNING
    )
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    runbook_url = models.URLField(_("runbook"), max_length=500, blank=True)
    silenced_until = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    evaluated_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=300, blank=True)  # what the last evaluation found

    objects = ScopedManager.from_queryset(RuleQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(test="drifted", metric__startswith="drift_")
                | ~Q(test="drifted") & ~Q(metric__startswith="drift_"),
                name="drift_is_tested_by_its_own_test",
            )
        ]

    def __str__(self):
        return f"{self.get_metric_display()} {self.get_test_display()}"

    @property
    def is_silenced(self) -> bool:
        return self.silenced_until is not None and self.silenced_until > timezone.now()


class AlertQuerySet(models.QuerySet):
    """Reads on alerts."""

    def still_open(self):
        return self.exclude(state=Alert.State.RESOLVED)

    def raised(self):
        """Those that fired and are not over: firing or acknowledged."""
        return self.filter(state__in=[Alert.State.FIRING, Alert.State.ACKNOWLEDGED])

    def of(self, engagement):
        return self.filter(rule__endpoint__engagement=engagement)

    def newest_first(self):
        return self.select_related("rule__endpoint", "rule__owner", "acknowledged_by").order_by(
            "-pending_at"
        )


class Alert(TenantModel):
    """A rule that was met: pending until it has held long enough, then firing, until it is over."""

    class State(models.TextChoices):
        """Where it is."""

        PENDING = "pending", _("Pending")
        FIRING = "firing", _("Firing")
        ACKNOWLEDGED = "acknowledged", _("Acknowledged")
        RESOLVED = "resolved", _("Resolved")

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    pending_at = models.DateTimeField(default=timezone.now)
    fired_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    resolved_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=300)  # what was found when it last changed
    evidence = models.JSONField(default=dict)

    objects = ScopedManager.from_queryset(AlertQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "rule", condition=~Q(state="resolved"), name="one_open_alert_of_a_rule"
            )
        ]
        indexes = [models.Index(fields=["rule", "-pending_at"], name="alerts_newest")]

    def __str__(self):
        return f"{self.rule}: {self.get_state_display()}"
