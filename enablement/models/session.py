"""Sessions: people meet to learn, and what remains of it."""

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from enablement.paths import Path
from engagements.models import Engagement


class SessionQuerySet(models.QuerySet):
    """Reads on sessions."""

    def newest_first(self):
        return self.order_by("-starts_at")


class Session(Authored, TenantModel):
    """A training at a time and a place, in somebody's time zone."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="sessions")
    title = models.CharField(_("title"), max_length=200)
    path = models.CharField(_("for"), max_length=20, choices=Path, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    minutes = models.PositiveIntegerField(
        _("minutes"), default=60, validators=[MinValueValidator(5), MaxValueValidator(1440)]
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    place = models.CharField(_("place or link"), max_length=300, blank=True)
    notes = models.TextField(_("notes"), blank=True, max_length=10_000)
    sequence = models.PositiveIntegerField(default=0)  # of changes, for calendars
    cancelled_at = models.DateTimeField(null=True)
    recording_name = models.CharField(max_length=200, blank=True)
    recording_key = models.CharField(max_length=300, blank=True)

    objects = ScopedManager.from_queryset(SessionQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "-starts_at"], name="sessions_newest")]

    def __str__(self):
        return self.title

    @property
    def ends_at(self):
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def has_begun(self) -> bool:
        return self.starts_at <= timezone.now()


class Attendance(TenantModel):
    """A person invited to a session: whether they came, and how it was for them."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attendances")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    was_there = models.BooleanField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True, max_length=2000)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("session", "user", name="invited_once"),
            models.CheckConstraint(
                condition=models.Q(score=None) | models.Q(score__gte=1, score__lte=5),
                name="a_session_is_rated_1_to_5",
            ),
        ]

    def __str__(self):
        return str(self.user)
