"""Templates: which phases an engagement of a type goes through, and what is to be done in them."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from engagements.phases import Phase

DRILL_DAYS = 90  # how old a rollback drill may be, where no template says otherwise


class TemplateQuerySet(models.QuerySet):
    """Reads on templates."""

    def offered(self):
        """Those a new engagement can be opened with, the standard ones first."""
        return self.filter(retired_at=None).order_by("created_at", "name")


class EngagementTemplate(models.Model):
    """The plan that engagements of one type start from; the vendor's own, shared by all tenants.

    `items` is [{key, title, phase, side, is_private, is_required, due_days, after: [key, …]}],
    `milestones` is [{title, phase, due_days, is_private}]; days count from the day it is opened.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    description = models.TextField(_("description"), blank=True, max_length=500)
    phases = ArrayField(models.CharField(max_length=20, choices=Phase), default=list)
    items = models.JSONField(default=list)
    milestones = models.JSONField(default=list)
    drill_days = models.PositiveSmallIntegerField(
        _("rollback practised within days"),
        default=DRILL_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
    )
    response_hours = models.JSONField(default=dict, blank=True)  # as on the engagement
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True)

    objects = TemplateQuerySet.as_manager()

    def __str__(self):
        return self.name
