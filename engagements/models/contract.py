"""Acceptance contracts, who decides by them, and the verdicts given under them."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement

# No sample of any size can prove 100 %, so a target lies strictly between 0 and 1.
TARGET_RANGE = [MinValueValidator(Decimal("0.0001")), MaxValueValidator(Decimal("0.9999"))]


class Side(models.TextChoices):
    """Who somebody speaks for."""

    VENDOR = "vendor", _("Vendor")
    CUSTOMER = "customer", _("Customer")

    @classmethod
    def of(cls, user) -> "Side":
        return cls.VENDOR if user.is_vendor_staff else cls.CUSTOMER

    @classmethod
    def of_actor(cls, by) -> "Side":
        """The side of whoever acts: keys are the customer's, Lepton itself is the vendor's."""
        if by is None:
            return cls.VENDOR
        return cls.of(by) if isinstance(by, User) else cls.CUSTOMER


class Outcome(models.TextChoices):
    """What the interval says against the target."""

    PASS = "pass", _("Pass")
    FAIL = "fail", _("Fail")
    INCONCLUSIVE = "inconclusive", _("Inconclusive")


class ContractQuerySet(models.QuerySet):
    """Reads on acceptance contracts."""

    def newest_first(self):
        return self.order_by("-version")


class AcceptanceContract(Authored, TenantModel):
    """One frozen version of what counts as good enough; a change makes the next version."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="contracts")
    version = models.PositiveIntegerField()
    accuracy_target = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, validators=TARGET_RANGE
    )
    macro_f1_target = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, validators=TARGET_RANGE
    )
    macro_auc_target = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, validators=TARGET_RANGE
    )
    minimum_recalls = models.JSONField(default=dict)  # {class: least recall, 0 to 1}
    p95_latency_ms = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    holdout_sha256 = models.CharField(max_length=64)
    holdout_label = models.CharField(max_length=200)
    holdout_counts = models.JSONField()  # {class: images}
    sha256 = models.CharField(max_length=64)  # of the canonical JSON of `agreed`

    objects = ScopedManager.from_queryset(ContractQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "version", name="contract_versions_count_up"),
            models.CheckConstraint(
                condition=models.Q(accuracy_target__isnull=False)
                | models.Q(macro_f1_target__isnull=False)
                | models.Q(macro_auc_target__isnull=False),
                name="a_contract_names_a_metric",
            ),
        ]

    def __str__(self):
        return f"Acceptance contract, version {self.version}"

    def get_absolute_url(self):
        return reverse("engagements:contract", args=[self.tenant.slug, self.engagement_id])

    @property
    def holdout_n(self) -> int:
        return sum(self.holdout_counts.values())

    def was_signed(self, entries) -> bool:
        """Whether at some moment the signatures of everybody it names stood together.

        `entries` are the sign-offs of contracts with those that take one back, oldest first.
        """
        named, have = {one.user_id for one in self.deciders.all()}, set()
        for entry in entries:
            if entry.sha256 == self.sha256:
                (have.discard if entry.revokes_id else have.add)(entry.created_by_id)
                if have >= named:
                    return True
        return False

    @property
    def agreed(self) -> dict:
        """The terms with who decides by them: what people sign is the hash of this."""
        return self.terms | {"deciders": sorted(str(one.user_id) for one in self.deciders.all())}

    @property
    def terms(self) -> dict:
        """What counts as good enough, as data."""
        auc = self.macro_auc_target  # named only where asked for: older hashes stay as they are
        return ({} if auc is None else {"macro_auc": float(auc)}) | {
            "engagement": str(self.engagement_id),
            "version": self.version,
            "accuracy": _number(self.accuracy_target),
            "macro_f1": _number(self.macro_f1_target),
            "minimum_recalls": self.minimum_recalls,
            "p95_latency_ms": self.p95_latency_ms,
            "holdout_sha256": self.holdout_sha256,
            "holdout_counts": self.holdout_counts,
        }


class Decider(TenantModel):
    """A person named in a contract: their signature is asked for."""

    contract = models.ForeignKey(
        AcceptanceContract, on_delete=models.CASCADE, related_name="deciders"
    )
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)  # as it was when the contract was frozen
    side = models.CharField(max_length=10, choices=Side)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("contract", "user", name="a_decider_is_named_once")]

    def __str__(self):
        return self.name


class VerdictQuerySet(models.QuerySet):
    """Reads on verdicts."""

    def newest_first(self):
        return self.select_related("contract").order_by("-created_at")

    def newest_under(self, contract, candidate_id=None, since=None):
        """The newest under a contract, or None; only of a model version, or since a moment."""
        found = self.newest_first().filter(contract=contract)
        found = found.filter(candidate_id=candidate_id) if candidate_id else found
        found = found.filter(created_at__gte=since) if since else found
        return found.first() if contract else None

    def newest_of_each(self, contract):
        """The newest of each model version under a contract, as {its id: verdict}."""
        rows = self.filter(contract=contract).order_by("candidate_id", "-created_at")
        return {row.candidate_id: row for row in rows.distinct("candidate_id")} if contract else {}


class Verdict(Authored, TenantModel):
    """What a contract version said of a model version's figures at that time. Never changed."""

    contract = models.ForeignKey(
        AcceptanceContract, on_delete=models.CASCADE, related_name="verdicts"
    )
    candidate_id = models.UUIDField()  # the model version; an upper app's row
    candidate_label = models.CharField(max_length=200)
    url = models.CharField(max_length=300, blank=True)
    measured_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=12, choices=Outcome)
    criteria = models.JSONField()  # of engagements.verdicts.assess

    objects = ScopedManager.from_queryset(VerdictQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["contract", "-created_at"], name="verdicts_newest")]

    def __str__(self):
        return f"{self.candidate_label}: {self.get_outcome_display()}"


def _number(value):
    return None if value is None else float(value)
