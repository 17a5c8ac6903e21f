"""Users, tenants, memberships, API keys and audit entries."""

import uuid
from datetime import UTC

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.roles import Capability, Role, StaffRole
from accounts.scoping import ScopedManager, TenantModel
from lepton.lib.zones import bounds_of

slug_validator = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$",
    _("Use lower-case letters, digits and hyphens (at most 50)."),
)


class UserManager(BaseUserManager):
    """Makes users who sign in by e-mail."""

    def account_managers(self):
        """Active vendor staff who may lead an engagement, by name."""
        staff = self.filter(is_active=True, staff_role=StaffRole.ACCOUNT_MANAGER)
        return staff.order_by("name", "email")

    def create_user(self, email, password=None, **fields):
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person; vendor staff carry a staff role, customers get theirs from memberships."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("email"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    staff_role = models.CharField(max_length=20, choices=StaffRole, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    def __str__(self):
        return self.name or self.email

    @property
    def is_invited(self) -> bool:
        """Whether they have yet to choose their first password."""
        return not self.has_usable_password()

    @property
    def is_vendor_staff(self) -> bool:
        return self.is_active and bool(self.staff_role)

    @property
    def is_ml_engineer(self) -> bool:
        return self.is_active and self.staff_role == StaffRole.ML_ENGINEER

    @property
    def is_account_manager(self) -> bool:
        return self.is_active and self.staff_role == StaffRole.ACCOUNT_MANAGER

    @property
    def actor_label(self) -> str:
        return str(self)


class Tenant(models.Model):
    """A customer organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(max_length=50, unique=True, validators=[slug_validator])
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name


class Authored(models.Model):
    """Says who made a row: a person, or an API key by its label."""

    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_label = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True


def author(by) -> dict:
    """The fields of Authored for an actor (a User, an API key's caller, or None for Lepton)."""
    return {
        "created_by": by if isinstance(by, User) else None,
        "created_by_label": by.actor_label if by else "Lepton",
    }


class MembershipQuerySet(models.QuerySet):
    """Reads on memberships."""

    def by_name(self):
        return self.select_related("user").order_by("user__name", "user__email")

    def role_of(self, user) -> str:
        """The role a person acts in here: as a member, else as vendor staff; blank for others."""
        mine = self.filter(user=user).values_list("role", flat=True).first()
        return mine or (user.staff_role if user.is_vendor_staff else "")


class Membership(TenantModel):
    """A user's role in a tenant."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager.from_queryset(MembershipQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("tenant", "user", name="one_membership_per_tenant_and_user")
        ]


class ApiKeyQuerySet(models.QuerySet):
    """Reads on API keys."""

    def newest_first(self):
        return self.select_related("created_by").order_by("-created_at")


class ApiKey(TenantModel):
    """A client's credential; only the digest of its secret is kept."""

    class State(models.TextChoices):
        """Whether it still works."""

        ACTIVE = "active", _("Active")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")

    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    is_practice = models.BooleanField(default=False)  # what it sends and says counts nowhere

    objects = ScopedManager.from_queryset(ApiKeyQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_practice=False)
                | models.Q(scopes__contained_by=[Capability.FEEDBACK, Capability.PREDICT]),
                name="a_practice_key_only_practises",
            )
        ]

    def __str__(self):
        return self.name

    @property
    def state(self) -> str:
        if self.revoked_at:
            return self.State.REVOKED
        if self.expires_at and self.expires_at <= timezone.now():
            return self.State.EXPIRED
        return self.State.ACTIVE


class AuditQuerySet(models.QuerySet):
    """Reads on audit entries."""

    def matching(self, *, who=None, verb=None, day=None, zone=UTC):
        """Only those that fit every given filter; an empty one fits all. A day is one of a zone."""
        found = self.filter(actor_label__icontains=who) if who else self
        found = found.filter(verb=verb) if verb else found
        if not day:
            return found
        begins, ends = bounds_of(day, zone)
        return found.filter(at__gte=begins, at__lt=ends)

    def verbs(self) -> list[str]:
        return list(self.order_by("verb").values_list("verb", flat=True).distinct())


class AuditEntry(TenantModel):
    """Who did what to which row, and when; never changed."""

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(max_length=200)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict)
    sequence = models.PositiveBigIntegerField()  # from 1, without a gap, in each tenant
    previous_sha256 = models.CharField(max_length=64, blank=True)  # blank: the first one
    sha256 = models.CharField(max_length=64)  # of the canonical JSON of `content`

    objects = ScopedManager.from_queryset(AuditQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "-at"], name="audit_newest")]
        constraints = [models.UniqueConstraint("tenant", "sequence", name="audit_entries_count_up")]

    @property
    def content(self) -> dict:
        """Everything the hash of this entry is over, the link to the one before included."""
        ids = ("id", "tenant_id", "user_id", "api_key_id", "subject_id")
        texts = ("actor_label", "verb", "subject_type", "subject_label", "previous_sha256")
        return {
            "at": self.at.astimezone(UTC).isoformat(),
            "sequence": self.sequence,
            "detail": self.detail,
            **{name: value and str(value) for name in ids for value in [getattr(self, name)]},
            **{name: getattr(self, name) for name in texts},
        }


class AuditHead(TenantModel):
    """The newest link of a tenant's audit chain; locked while the next one is added."""

    sequence = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("tenant", name="one_audit_head_per_tenant")]

    def __str__(self):
        return f"{self.sequence} {self.sha256[:12]}"


class PlatformAuditEntry(models.Model):
    """What vendor staff did outside any one tenant; never changed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    verb = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)

    def __str__(self):
        return self.verb


class EmailLink(TenantModel):
    """A link in a mail that lets one person in at one page: works once, and for a while."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=40)
    path = models.CharField(max_length=300)  # where it leads on this site
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
