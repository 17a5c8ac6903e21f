"""What lists and boards show of an engagement: computed from rows, kept so that a page is quick."""

from django.db import models
from django.utils import timezone

from accounts.models import User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.contract import Side
from engagements.models.engagement import Engagement


class Standing(TenantModel):
    """How an engagement stands, as engagements.standing.refresh last computed it from rows.

    Private to the vendor: the customer's pages never read it whole.
    """

    engagement = models.OneToOneField(Engagement, on_delete=models.CASCADE, related_name="standing")
    refreshed_at = models.DateTimeField(default=timezone.now)
    blocking_key = models.CharField(max_length=60, blank=True)  # of the first unmet check
    blocking_words = models.TextField(blank=True)
    unmet = models.PositiveSmallIntegerField(default=0)
    health = models.DecimalField(max_digits=4, decimal_places=1, null=True)  # 0 to 100
    health_inputs = models.JSONField(default=list)
    metric = models.JSONField(null=True)  # {metric, value, low, high, n, target}
    overdue_vendor = models.PositiveIntegerField(default=0)
    overdue_customer = models.PositiveIntegerField(default=0)
    cost_cents = models.BigIntegerField(null=True)  # None: nothing was metered, or no rate card
    satisfaction = models.FloatField(null=True)  # mean of the ratings, 1 to 5

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["refreshed_at"], name="standings_oldest")]

    def __str__(self):
        return f"Standing of {self.engagement_id}"


class AskQuerySet(models.QuerySet):
    """Reads on asks."""

    def for_lists(self):
        related = ("engagement__tenant",)
        return self.select_related(*related).order_by(
            models.F("due_on").asc(nulls_last=True), "since"
        )

    def first_of(self, engagements):
        """The most pressing one of each engagement, whoever it is asked of."""
        pressing = ("engagement", models.F("due_on").asc(nulls_last=True), "since", "pk")
        return self.filter(engagement__in=engagements).order_by(*pressing).distinct("engagement")


class Ask(TenantModel):
    """Something an engagement needs from one person, or from anybody of one side, now.

    Written anew by engagements.standing.refresh; `kind` and `params` make the sentence.
    """

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="asks")
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300)
    side = models.CharField(max_length=10, choices=Side)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    due_on = models.DateField(null=True)
    since = models.DateTimeField(default=timezone.now)

    objects = ScopedManager.from_queryset(AskQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["user", "due_on"], name="asks_of_a_person")]
