"""Iterations: one round of the loop each."""

from django.db import models
from django.utils import timezone

from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement


class IterationQuerySet(models.QuerySet):
    """Reads on iterations."""

    def newest_first(self):
        return self.order_by("-number")


class Iteration(TenantModel):
    """One round of an engagement: when it began and ended, and what it came to.

    `facts` is what engagements.iterations.measure computed from rows when it last looked:
    lead time, accuracy gained, compute, cost, days lost by side.
    """

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="iterations")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    facts = models.JSONField(default=dict)

    objects = ScopedManager.from_queryset(IterationQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("engagement", "number", name="iterations_count_up")]

    def __str__(self):
        return f"Iteration {self.number}"
