"""Tickets and what is said in them."""

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Document, Engagement, Side
from engagements.response import Severity
from serving.models import Prediction
from training.models import ModelVersion

SEVERE = (Severity.CRITICAL, Severity.HIGH)


class TicketQuerySet(models.QuerySet):
    """Reads on tickets."""

    def for_lists(self):
        return self.select_related("engagement__tenant", "tenant", "assignee")

    def unresolved(self):
        return self.exclude(state=Ticket.State.RESOLVED)

    def severe(self):
        """Those that hold up a go-live."""
        return self.filter(severity__in=SEVERE)

    def overdue_first(self):
        """What waits for the vendor, by when it is due; then what waits for the customer."""
        return self.order_by(F("answer_due_at").asc(nulls_last=True), "created_at")


class Ticket(Authored, TenantModel):
    """Something the customer needs help with."""

    class State(models.TextChoices):
        """Who is next."""

        OPEN = "open", _("Open")
        WAITING = "waiting", _("Waits for the customer")
        RESOLVED = "resolved", _("Resolved")
        REOPENED = "reopened", _("Reopened")

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="tickets")
    number = models.PositiveIntegerField()  # counts up in its tenant
    subject = models.CharField(_("subject"), max_length=200)
    severity = models.CharField(
        _("how bad is it"), max_length=10, choices=Severity, default=Severity.NORMAL
    )
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    prediction = models.ForeignKey(
        Prediction, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets"
    )
    model_version = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets"
    )
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    first_due_at = models.DateTimeField()  # by when a first answer was promised
    first_response_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)  # null: the vendor owes none now
    resolved_at = models.DateTimeField(null=True)

    objects = ScopedManager.from_queryset(TicketQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "state"], name="tickets_by_state")]
        constraints = [
            models.UniqueConstraint("tenant", "number", name="tickets_count_up"),
            models.CheckConstraint(
                condition=Q(state="resolved") ^ Q(resolved_at=None),
                name="a_resolved_ticket_says_when",
            ),
            models.CheckConstraint(
                condition=Q(answer_due_at=None) | ~Q(state__in=["waiting", "resolved"]),
                name="an_answer_is_due_while_it_is_the_vendor_s_turn",
            ),
        ]

    def __str__(self):
        return f"#{self.number} {self.subject}"

    def get_absolute_url(self):
        return reverse("feedback:ticket", args=[self.tenant.slug, self.engagement_id, self.pk])

    @property
    def topic(self) -> str:
        """What pages that show it watch."""
        return f"ticket:{self.pk}"

    @property
    def is_overdue(self) -> bool:
        return self.answer_due_at is not None and self.answer_due_at < timezone.now()


class TicketMessageQuerySet(models.QuerySet):
    """Reads on messages."""

    def for_side(self, side):
        """What people of a side may read, oldest first."""
        shown = self if side == Side.VENDOR else self.filter(is_private=False)
        return shown.select_related("document", "created_by").order_by("created_at", "pk")


class TicketMessage(Authored, TenantModel):
    """What somebody said in a ticket; never changed."""

    class Via(models.TextChoices):
        """How it came."""

        PAGE = "page", _("Page")
        API = "api", _("API")
        MAIL = "mail", _("Email")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    side = models.CharField(max_length=10, choices=Side)
    text = models.TextField(max_length=20_000)
    is_private = models.BooleanField(default=False)  # a note among the vendor's people
    via = models.CharField(max_length=5, choices=Via, default=Via.PAGE)
    mail_id = models.CharField(max_length=300, blank=True)  # the mail's own Message-ID
    document = models.ForeignKey(
        Document, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ScopedManager.from_queryset(TicketMessageQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "ticket", "mail_id", condition=~Q(mail_id=""), name="a_mail_is_taken_once"
            ),
            models.CheckConstraint(
                condition=Q(is_private=False) | Q(side="vendor"),
                name="only_the_vendor_writes_private_notes",
            ),
        ]
