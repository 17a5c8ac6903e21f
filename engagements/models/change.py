"""Change requests: how a signed requirement is changed, in sight of both sides."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.contract import Side
from engagements.models.engagement import Engagement, Requirement


class ChangeRequestQuerySet(models.QuerySet):
    """Reads on change requests."""

    def newest_first(self):
        return self.select_related("based_on", "result").order_by("-created_at")

    def undecided(self):
        return self.filter(state=ChangeRequest.State.PROPOSED)


class ChangeRequest(Authored, TenantModel):
    """A change to a signed requirement, proposed by one side and decided by the other."""

    class State(models.TextChoices):
        """What became of it."""

        PROPOSED = "proposed", _("Proposed")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="change_requests"
    )
    based_on = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="+")
    proposed = models.JSONField()  # the whole next version, as services.write_requirement takes it
    side = models.CharField(max_length=10, choices=Side)  # of who proposed it
    reason = models.TextField(_("reason"), max_length=2000)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_label = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True, max_length=2000)
    result = models.OneToOneField(
        Requirement, null=True, on_delete=models.PROTECT, related_name="change_request"
    )

    objects = ScopedManager.from_queryset(ChangeRequestQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "engagement",
                condition=models.Q(state="proposed"),
                name="one_undecided_change_request",
            )
        ]

    def __str__(self):
        return f"Change request to version {self.based_on.version}"
