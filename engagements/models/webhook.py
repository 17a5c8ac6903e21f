"""Webhooks of a tenant, what they are told, and the log of every delivery."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement


class WebhookQuerySet(models.QuerySet):
    """Reads on webhooks."""

    def kept(self):
        """Those that nobody removed, newest first."""
        return self.filter(removed_at=None).order_by("-created_at")

    def wanting(self, kind):
        """Those that are told of events of `kind` now."""
        return self.filter(removed_at=None, is_active=True, events__contains=[kind])


class Webhook(Authored, TenantModel):
    """An address of the customer's that is told of events, signed as Standard Webhooks says."""

    url = models.URLField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=40), verbose_name=_("events"))
    secret = models.CharField(max_length=80)  # whsec_…; needed to sign, shown once
    old_secret = models.CharField(max_length=80, blank=True)  # signs beside it for a while
    old_secret_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    removed_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(WebhookQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(old_secret="") ^ models.Q(old_secret_until__isnull=False),
                name="an_old_webhook_secret_has_an_end",
            )
        ]

    def __str__(self):
        return self.url

    def secrets_at(self, moment) -> list[str]:
        """What a message is signed with: the secret, and the one before it while both hold."""
        both = self.old_secret_until is not None and moment < self.old_secret_until
        return [self.secret, self.old_secret] if both else [self.secret]

    @property
    def topic(self) -> str:
        """What pages that show this webhook watch."""
        return f"webhook:{self.pk}"

    @property
    def state(self) -> str:
        return "active" if self.is_active else "paused"

    def stop(self, **changes) -> bool:
        """Tell it nothing any more; what is on its way has failed. False if it had stopped."""
        rows = Webhook.objects.filter(pk=self.pk, removed_at=None)
        if not (rows if changes else rows.filter(is_active=True)).update(
            is_active=False, **changes
        ):
            return False
        waiting = self.deliveries.idle().filter(state=Delivery.State.PENDING)
        waiting.update(state=Delivery.State.FAILED)
        return True


class Event(TenantModel):
    """Something that happened, as webhooks tell it; its id is the webhook-id. Never changed."""

    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)
    engagement = models.ForeignKey(
        Engagement, null=True, on_delete=models.CASCADE, related_name="events"
    )
    data = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "-at"], name="events_newest")]

    @property
    def message_id(self) -> str:
        """Its webhook-id: the same at each attempt and each replay."""
        return f"evt_{self.pk}"


class DeliveryQuerySet(models.QuerySet):
    """Reads on deliveries."""

    def idle(self):
        """Those that no worker is sending right now."""
        unclaimed = models.Q(claimed_until=None) | models.Q(claimed_until__lt=timezone.now())
        return self.filter(unclaimed)

    def newest_first(self):
        """With their events and attempts."""
        tries = self.select_related("event").prefetch_related("tries")
        return tries.order_by("-created_at")


class Delivery(TenantModel):
    """One event on its way to one webhook: retried with the same id until it is taken."""

    class State(models.TextChoices):
        """How far it came."""

        PENDING = "pending", _("Pending")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(DeliveryQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("webhook", "event", name="one_delivery_per_event")]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="deliveries_due")]


class DeliveryAttempt(TenantModel):
    """What a webhook answered once. Never changed."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    status_code = models.PositiveSmallIntegerField(null=True)  # None: there was no answer
    words = models.CharField(max_length=500, blank=True)  # the beginning of it, or what went wrong
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        ordering = ["number"]
        constraints = [models.UniqueConstraint("delivery", "number", name="attempts_count_up")]
