"""Signatures of named people, taken back only by a further entry."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.contract import Side
from engagements.models.engagement import Engagement


class SignoffQuerySet(models.QuerySet):
    """Reads on sign-offs."""

    def newest_first(self):
        return self.select_related("revokes").order_by("-created_at")

    def standing(self):
        """Signatures that nobody took back."""
        return self.filter(revokes=None, revocation=None)


class Signoff(Authored, TenantModel):
    """A person signed a statement by its hash, or took a signature back. Never changed."""

    class Kind(models.TextChoices):
        """What is signed."""

        REQUIREMENT = "requirement", _("Requirement")
        CONTRACT = "contract", _("Acceptance contract")
        GO_LIVE = "go_live", _("Go-live")

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="signoffs")
    kind = models.CharField(max_length=20, choices=Kind)
    statement = models.JSONField()
    sha256 = models.CharField(max_length=64)  # of the canonical JSON of the statement
    side = models.CharField(max_length=10, choices=Side)
    revokes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="revocation"
    )
    reason = models.TextField(blank=True, max_length=1000)

    objects = ScopedManager.from_queryset(SignoffQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revokes=None) ^ ~models.Q(reason=""),
                name="who_takes_a_signature_back_says_why",
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.sha256[:12]}"
