"""The lease: a row that is itself the job, claimed by one worker at a time."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Leased(models.Model):
    """Fields by which workers claim a row, keep it alive and are fenced off when they lose it.

    `attempt` is the fencing number: every claim adds one, and every write of a worker names the
    attempt it claimed, so that a worker which lost its lease can change nothing.
    """

    attempt = models.PositiveIntegerField(default=0)
    claimed_by = models.CharField(max_length=120, blank=True)
    claimed_at = models.DateTimeField(null=True)  # the newest turn, for fairness between tenants
    lease_expires_at = models.DateTimeField(null=True)
    crashes = models.PositiveSmallIntegerField(default=0)  # since the last checkpoint
    cancel_requested_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cause = models.TextField(_("cause"), blank=True)
    hint = models.TextField(_("hint"), blank=True)

    class Meta:
        abstract = True
