"""Engagements, their requirements and their timeline."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.read_once import read_once_held
from engagements.models.template import DRILL_DAYS, EngagementTemplate
from engagements.phases import ORDER, Phase


def every_phase() -> list[str]:
    """The whole loop, for engagements opened without a template."""
    return [phase.value for phase in ORDER]


class EngagementQuerySet(models.QuerySet):
    """Reads on engagements."""

    def for_lists(self):
        """With what a card, a list row or a page's frame shows, in one query."""
        return self.select_related("tenant", "account_manager").order_by("name")

    def locked(self, pk):
        """The one row, locked against other writers until the transaction ends."""
        rows = self.select_for_update(no_key=True, of=("self",))
        return rows.select_related("tenant", "account_manager").get(pk=pk)

    def held(self, pk):
        """The same, to be looked at only: its requirement and contracts are read once."""
        engagement = self.locked(pk)
        engagement.held = {}
        return engagement

    def matching(self, *, text="", phase="", manager=None):
        """Only those that fit every given filter; an empty one fits all."""
        found = self
        for word in text.split():
            in_name = models.Q(name__icontains=word) | models.Q(summary__icontains=word)
            found = found.filter(in_name | models.Q(tenant__name__icontains=word))
        if phase:
            found = found.filter(phase=phase)
        return found.filter(account_manager=manager) if manager else found


class Engagement(Authored, TenantModel):
    """One piece of work for one customer, from the first requirement to a model that lives."""

    name = models.CharField(_("name"), max_length=120)
    summary = models.TextField(_("summary"), blank=True, max_length=2000)
    phase = models.CharField(max_length=20, choices=Phase, default=Phase.POC)
    phase_since = models.DateTimeField(default=timezone.now)
    iteration = models.PositiveIntegerField(default=1)
    account_manager = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    template = models.ForeignKey(
        EngagementTemplate, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # the template's phases when it was opened: a later change of the template leaves them
    phases = ArrayField(models.CharField(max_length=20, choices=Phase), default=every_phase)
    # how old a rollback drill may be when going live, kept from the template like the phases
    drill_days = models.PositiveSmallIntegerField(
        default=DRILL_DAYS, validators=[MinValueValidator(1), MaxValueValidator(730)]
    )
    # {severity: hours until a first answer}, where other than engagements.response has it
    response_hours = models.JSONField(default=dict, blank=True)
    # private to the vendor
    budget_cents = models.BigIntegerField(_("budget"), null=True, blank=True)
    price_cents = models.BigIntegerField(_("price"), null=True, blank=True)
    rate_card = models.ForeignKey(
        "engagements.RateCard", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ScopedManager.from_queryset(EngagementQuerySet)()
    held: dict | None = None  # what was read of it, see read_once_held

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "tenant",
                "name",
                name="one_engagement_name_per_tenant",
                violation_error_message=_("This tenant already has an engagement of this name."),
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("engagements:overview", args=[self.tenant.slug, self.pk])

    @property
    def topic(self) -> str:
        """What pages that show this engagement watch."""
        return f"engagement:{self.pk}"

    @property
    def days_in_phase(self) -> int:
        return (timezone.now() - self.phase_since).days

    @read_once_held
    def requirement(self):
        """The newest version of the requirement, or None before the first."""
        return self.requirements.order_by("-version").first()

    @read_once_held
    def contract(self):
        """The contract that stands: the signed one; before there is one, the newest, or None."""
        return self.signed_contract or self.newest_contract

    @read_once_held
    def newest_contract(self):
        """The version frozen last, which is a proposal until everybody it names has signed it."""
        return self.contracts.newest_first().first()

    @read_once_held
    def signed_contract(self):
        """The newest version that everybody it names had signed, or None.

        Only a newer one takes its place: no single person decides what is judged by.
        """
        entries = list(self.signoffs.filter(kind="contract").order_by("created_at"))
        versions = self.contracts.newest_first().prefetch_related("deciders") if entries else ()
        return next((one for one in versions if one.was_signed(entries)), None)


class RequirementQuerySet(models.QuerySet):
    """Reads on requirements."""

    def newest_first(self):
        return self.order_by("-version")

    def newest_of(self, engagements):
        """The newest version of each of these engagements, as {engagement id: requirement}."""
        rows = self.filter(engagement__in=engagements).order_by("engagement_id", "-version")
        return {row.engagement_id: row for row in rows.distinct("engagement_id")}


class Requirement(Authored, TenantModel):
    """One version of what was asked for; a change makes the next version."""

    class TaskType(models.TextChoices):
        """The kind of model asked for."""

        IMAGE_CLASSIFICATION = "image_classification", _("Image classification")

    class Metric(models.TextChoices):
        """The figure the target is set for."""

        ACCURACY = "accuracy", _("Accuracy")
        MACRO_F1 = "macro_f1", _("Macro F1")
        MACRO_AUC = "macro_auc", _("Macro AUC")

    class Sensitivity(models.TextChoices):
        """How carefully the data has to be treated."""

        PUBLIC = "public", _("Public")
        INTERNAL = "internal", _("Internal")
        CONFIDENTIAL = "confidential", _("Confidential")
        PERSONAL = "personal", _("Personal data")
        HEALTH = "health", _("Health data")

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="requirements"
    )
    version = models.PositiveIntegerField()
    need = models.TextField(_("need"), max_length=4000, help_text=_("What the customer needs."))
    task_type = models.CharField(
        _("task type"), max_length=40, choices=TaskType, default=TaskType.IMAGE_CLASSIFICATION
    )
    classes = ArrayField(models.CharField(max_length=80), verbose_name=_("classes"))
    metric = models.CharField(_("metric"), max_length=20, choices=Metric, default=Metric.ACCURACY)
    target = models.DecimalField(
        _("target"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Between 0 and 1, as in 0.92."),
    )
    business_process = models.TextField(_("business process"), blank=True, max_length=4000)
    data_format = models.CharField(_("data format"), blank=True, max_length=500)
    minimum_recalls = models.JSONField(default=dict, blank=True)  # {class: least recall, 0 to 1}
    false_positive_cents = models.PositiveIntegerField(null=True, blank=True)
    false_negative_cents = models.PositiveIntegerField(null=True, blank=True)
    review_cents = models.PositiveIntegerField(null=True, blank=True)
    p95_latency_ms = models.PositiveIntegerField(null=True, blank=True)
    volume_per_day = models.PositiveIntegerField(null=True, blank=True)
    sensitivity = models.CharField(max_length=20, choices=Sensitivity, blank=True)
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    acceptance_owner = models.CharField(_("acceptance owner"), blank=True, max_length=120)
    # what the customer says of their data; what was measured of it stands beside
    stated_images = models.PositiveIntegerField(null=True, blank=True)
    stated_shares = models.JSONField(default=dict, blank=True)  # {class: share, 0 to 1}

    objects = ScopedManager.from_queryset(RequirementQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "version", name="requirement_versions_count_up"),
            models.CheckConstraint(
                condition=models.Q(target__gte=0, target__lte=1), name="target_is_a_proportion"
            ),
        ]

    def __str__(self):
        return f"Requirement, version {self.version}"


class TimelineQuerySet(models.QuerySet):
    """Reads on the timeline."""

    def newest_first(self):
        return self.order_by("-at", "-pk")

    def for_side(self, side):
        """What people of a side may read: the customer leaves out what is private."""
        return self if side == "vendor" else self.filter(is_private=False)


class TimelineEntry(TenantModel):
    """Something that happened in an engagement, in words, never changed."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    actor_label = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    url = models.CharField(max_length=300, blank=True)
    is_private = models.BooleanField(default=False)  # to the vendor

    objects = ScopedManager.from_queryset(TimelineQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "-at"], name="timeline_newest")]
