"""What an engagement costs: rate cards of the vendor, staff time on an engagement."""

import uuid

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement


def cents(label):
    """A price in cents, to the hundredth of one; empty means that it is not charged for."""
    return models.DecimalField(
        label,
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )


class RateCardQuerySet(models.QuerySet):
    """Reads on rate cards."""

    def newest_first(self):
        return self.order_by("-number")

    def valid_on(self, day):
        """The newest card that is valid on a day, or None."""
        return self.filter(valid_from__lte=day).order_by("-valid_from", "-number").first()


class RateCard(models.Model):
    """The vendor's prices per unit; never changed, a further card replaces it from a day on."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)
    valid_from = models.DateField(_("valid from"), default=timezone.localdate)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    gpu_hour_cents = cents(_("GPU hour"))
    cpu_hour_cents = cents(_("CPU hour"))
    thousand_predictions_cents = cents(_("1,000 predictions"))
    gb_month_cents = cents(_("GB and month"))
    staff_day_cents = cents(_("staff day"))
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = RateCardQuerySet.as_manager()

    def __str__(self):
        return f"Rate card {self.number}"


class StaffTimeQuerySet(models.QuerySet):
    """Reads on staff time."""

    def newest_first(self):
        return self.order_by("-on", "-created_at")


class StaffTime(Authored, TenantModel):
    """Hours a member of the vendor's staff spent on an engagement; private to the vendor."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="staff_times")
    iteration = models.PositiveIntegerField()
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    on = models.DateField(_("day"), default=timezone.localdate)
    hours = models.DecimalField(_("hours"), max_digits=4, decimal_places=2)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = ScopedManager.from_queryset(StaffTimeQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(hours__gt=0, hours__lte=24), name="a_day_has_24_hours"
            )
        ]

    def __str__(self):
        return f"Staff time of {self.on}"
