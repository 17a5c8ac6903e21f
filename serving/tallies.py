"""Tallies: what an endpoint did, added up per hour, so that a year of predictions stays quick.

They outlive the predictions they were counted from, which retention removes.
"""

from django.db import models
from django.utils import timezone

from accounts.scoping import ScopedManager, TenantModel
from training.models import ModelVersion


class TallyQuerySet(models.QuerySet):
    """Reads on tallies."""

    def between(self, since, until):
        """Those of the hours that begin in this time, oldest first."""
        return self.filter(hour__gte=since, hour__lt=until).order_by("hour")


class HourlyTally(TenantModel):
    """The answers of one model version at one endpoint in one hour, as serving.rollups counts."""

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="tallies"
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    hour = models.DateTimeField()  # its beginning
    n = models.PositiveBigIntegerField()
    score_sum = models.FloatField()
    doubt_sum = models.FloatField()  # of score × (1 − score), for the interval of the mean
    classes = models.JSONField()  # {label: n}
    latency = models.JSONField()  # {bucket: n} of serving.histograms
    scores = models.JSONField()  # {bucket: n}

    objects = ScopedManager.from_queryset(TallyQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("endpoint", "hour", "model_version", name="one_tally_an_hour")
        ]


class DueHour(TenantModel):
    """An hour of an endpoint whose tally has to be counted (again): predictions were added.

    PostgreSQL writes it itself, in the transaction of the predictions (a trigger).
    """

    endpoint = models.ForeignKey("serving.Endpoint", on_delete=models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("endpoint", "hour", name="an_hour_is_due_once")]


class RefusedTally(TenantModel):
    """Requests for a prediction that got none in five minutes, by the status they were answered."""

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="refused"
    )
    since = models.DateTimeField()  # the beginning of the five minutes
    status = models.PositiveSmallIntegerField()
    n = models.PositiveBigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("endpoint", "since", "status", name="one_count_of_a_status")
        ]
