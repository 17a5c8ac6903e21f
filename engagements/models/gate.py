"""What was proven when a phase was left, and what was waived."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement
from engagements.phases import Phase
from lepton.lib.canonical import sha256_of


class PhaseRecordQuerySet(models.QuerySet):
    """Reads on phase records."""

    def newest_first(self):
        return self.order_by("-created_at")


class PhaseRecord(Authored, TenantModel):
    """A gate that was passed: by whom, when, and the evidence of all its checks. Never changed."""

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="phase_records"
    )
    iteration = models.PositiveIntegerField()
    phase = models.CharField(max_length=20, choices=Phase)  # the one that was left
    to = models.CharField(max_length=20, choices=Phase)
    entered_at = models.DateTimeField()
    checks = models.JSONField()  # of engagements.gates.Checked.snapshot
    sha256 = models.CharField(max_length=64)  # of the canonical JSON of `evidence`

    objects = ScopedManager.from_queryset(PhaseRecordQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "engagement", "iteration", "phase", name="a_phase_is_left_once_per_iteration"
            )
        ]

    def __str__(self):
        return f"{self.get_phase_display()}, iteration {self.iteration}"

    @property
    def evidence(self) -> dict:
        """What the hash is over."""
        return {
            "engagement": str(self.engagement_id),
            "iteration": self.iteration,
            "phase": str(self.phase),
            "to": str(self.to),
            "checks": self.checks,
        }

    @property
    def is_intact(self) -> bool:
        """Whether the evidence still has the hash it was recorded with."""
        return sha256_of(self.evidence) == self.sha256


class WaiverQuerySet(models.QuerySet):
    """Reads on waivers."""

    def newest_first(self):
        return self.order_by("-created_at")

    def of_this_gate(self, engagement):
        """Those that concern the phase the engagement is in now."""
        return self.filter(
            engagement=engagement, iteration=engagement.iteration, phase=engagement.phase
        )


class Waiver(Authored, TenantModel):
    """One check let pass for one phase of one iteration: asked for by one, granted by another."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="waivers")
    iteration = models.PositiveIntegerField()
    phase = models.CharField(max_length=20, choices=Phase)
    check_key = models.CharField(max_length=60)
    # the model version it is about, where it lets one into production; an upper app's row
    candidate_id = models.UUIDField(null=True)
    candidate_label = models.CharField(max_length=200, blank=True)
    reason = models.TextField(_("reason"), max_length=1000)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_by_label = models.CharField(max_length=200, blank=True)
    granted_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(WaiverQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "engagement",
                "iteration",
                "phase",
                "check_key",
                "candidate_id",
                name="one_waiver_per_check",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(granted_by=None) | ~models.Q(granted_by=models.F("created_by")),
                name="a_waiver_needs_two_people",
            ),
        ]

    def __str__(self):
        return f"Waiver of {self.check_key}"

    @property
    def is_granted(self) -> bool:
        return self.granted_by_id is not None

    def granted_fields(self, by) -> dict:
        return {
            "granted_by": by,
            "granted_by_label": by.actor_label,
            "granted_at": timezone.now(),
        }
