"""The plan of an engagement: action items, milestones, documents, decisions, ratings."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, User
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.contract import Side
from engagements.models.engagement import Engagement
from engagements.phases import Phase


class PlannedQuerySet(models.QuerySet):
    """Reads on what stands in a plan."""

    def for_side(self, side):
        """What people of a side may see: the vendor everything, the customer what is shared."""
        return self if side == Side.VENDOR else self.filter(is_private=False)


class Planned(Authored, TenantModel):
    """Something of one phase of one iteration, shared with the customer or private."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="%(class)ss")
    iteration = models.PositiveIntegerField()
    phase = models.CharField(_("phase"), max_length=20, choices=Phase)
    is_private = models.BooleanField(_("private to the vendor"), default=False)

    class Meta(TenantModel.Meta):
        abstract = True

    @property
    def audit_label(self) -> str:
        """What the audit, which the customer reads, calls it."""
        return "private" if self.is_private else str(self)


class ActionItemQuerySet(PlannedQuerySet):
    """Reads on action items."""

    def still_open(self):
        return self.filter(done_at=None, dropped_at=None)

    def overdue(self, on=None):
        return self.still_open().filter(due_on__lt=on or timezone.localdate())


class ActionItem(Planned):
    """One thing somebody of one side has to do; required ones guard their phase."""

    title = models.CharField(_("title"), max_length=200)
    detail = models.TextField(_("detail"), blank=True, max_length=4000)
    side = models.CharField(_("side"), max_length=10, choices=Side)
    is_required = models.BooleanField(_("guards its phase"), default=True)
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by_label = models.CharField(max_length=200, blank=True)
    dropped_at = models.DateTimeField(null=True)  # no longer needed; `dropped_reason` says why
    dropped_reason = models.CharField(max_length=500, blank=True)
    needs = models.ManyToManyField(
        "self", symmetrical=False, through="ActionDependency", related_name="needed_by"
    )

    objects = ScopedManager.from_queryset(ActionItemQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["engagement", "done_at", "due_on"], name="items_open")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_private=False) | models.Q(side=Side.VENDOR),
                name="what_the_customer_owes_is_shared",
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.dropped_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_on is not None and self.due_on < timezone.localdate()


class ActionDependency(TenantModel):
    """An action item cannot be done before another one is."""

    item = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="dependencies")
    needs = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="dependents")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("item", "needs", name="a_dependency_is_named_once"),
            models.CheckConstraint(
                condition=~models.Q(item=models.F("needs")), name="nothing_waits_for_itself"
            ),
        ]


class Milestone(Planned):
    """A date both sides look forward to; once it is reached the customer is asked to rate it."""

    title = models.CharField(_("title"), max_length=200)
    due_on = models.DateField(_("due"), null=True, blank=True)
    reached_at = models.DateTimeField(null=True)
    reached_by_label = models.CharField(max_length=200, blank=True)

    objects = ScopedManager.from_queryset(PlannedQuerySet)()

    def __str__(self):
        return self.title


class Rating(Authored, TenantModel):
    """How satisfied a member of the customer was at a milestone; never changed."""

    milestone = models.ForeignKey(Milestone, on_delete=models.CASCADE, related_name="ratings")
    score = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    comment = models.TextField(blank=True, max_length=2000)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("milestone", "created_by", name="a_person_rates_once"),
            models.CheckConstraint(
                condition=models.Q(score__gte=1, score__lte=5), name="a_rating_is_1_to_5"
            ),
        ]

    def __str__(self):
        return f"{self.score}/5"


class Document(Planned):
    """A file of the engagement in the tenant's storage, known by its hash."""

    title = models.CharField(_("title"), max_length=200)
    side = models.CharField(_("side"), max_length=10, choices=Side)  # of who added it
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=300)
    removed_at = models.DateTimeField(null=True)
    removed_by_label = models.CharField(max_length=200, blank=True)

    objects = ScopedManager.from_queryset(PlannedQuerySet)()

    def __str__(self):
        return self.title


class Decision(Planned):
    """What was decided and why; never changed, a later one may replace it."""

    title = models.CharField(_("decision"), max_length=200)
    reason = models.TextField(_("reason"), max_length=4000)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )

    objects = ScopedManager.from_queryset(PlannedQuerySet)()

    def __str__(self):
        return self.title
