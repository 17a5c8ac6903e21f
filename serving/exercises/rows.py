"""Load tests and rollback drills: each row is the job, and afterwards the record of it.

They name endpoints by a string, so that serving/models.py can name them.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements import verdicts
from engagements.models import Outcome
from training.models import ModelVersion
from training.models.leased import Leased

MOST_PER_SECOND, MOST_SECONDS, MOST_AT_ONCE = 200, 120, 16


def exercises_topic(endpoint_id) -> str:
    """What pages that show an endpoint's load tests and drills listen to."""
    return f"exercises:{endpoint_id}"


class State(models.TextChoices):
    """Where an exercise is."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class ExerciseQuerySet(models.QuerySet):
    """Reads on exercises."""

    def newest_first(self):
        return self.select_related("model_version").order_by("-created_at")

    def still_open(self):
        return self.exclude(state__in=ENDED)

    def done(self):
        """Those that came to their end, the newest first."""
        return self.newest_first().filter(state=State.SUCCEEDED)


class Exercise(Leased, Authored, TenantModel):
    """What both have in common."""

    State = State
    ENDED = ENDED

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)

    objects = ScopedManager.from_queryset(ExerciseQuerySet)()

    class Meta(TenantModel.Meta):
        abstract = True

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def list_topic(self) -> str:
        """What pages that show it among others listen to."""
        return exercises_topic(self.endpoint_id)

    @property
    def shown_state(self) -> str:
        """The state people see: what was asked to stop and has not yet is cancelling."""
        return "cancelling" if self.cancel_requested_at and not self.has_ended else self.state


class LoadTest(Exercise):
    """A bounded stream of the tenant's own test images to its own endpoint, and what came of it.

    Latencies are the client's: from the moment a request was due, so that one which had to wait
    for its turn counts as slow as it was.
    """

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="load_tests"
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    per_second = models.PositiveSmallIntegerField(
        _("requests a second"),
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PER_SECOND)],
    )
    seconds = models.PositiveSmallIntegerField(
        _("seconds"), validators=[MinValueValidator(1), MaxValueValidator(MOST_SECONDS)]
    )
    at_once = models.PositiveSmallIntegerField(
        _("requests at once"), validators=[MinValueValidator(1), MaxValueValidator(MOST_AT_ONCE)]
    )
    # what it is held against: as the standing contract, else the requirement had it at the start
    limit_ms = models.PositiveIntegerField(null=True)
    volume_per_day = models.PositiveIntegerField(null=True)
    # what came of it, while it runs and at its end
    sent = models.PositiveIntegerField(default=0)
    answered = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)  # 429 and 503
    errors = models.PositiveIntegerField(default=0)  # anything else
    within_limit = models.PositiveIntegerField(default=0)  # answered, and in time where limited
    took_seconds = models.FloatField(null=True)
    p50_ms = models.FloatField(null=True)
    p95_ms = models.FloatField(null=True)
    p99_ms = models.FloatField(null=True)
    by_second = models.JSONField(default=list)  # of generator.tally
    versions = models.JSONField(default=dict)  # {number of the model version: answers}

    class Meta(Exercise.Meta):
        constraints = [
            models.UniqueConstraint(
                "endpoint",
                condition=~models.Q(state__in=ENDED),
                name="one_load_test_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    per_second__range=(1, MOST_PER_SECOND),
                    seconds__range=(1, MOST_SECONDS),
                    at_once__range=(1, MOST_AT_ONCE),
                ),
                name="a_load_test_is_bounded",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="load_test_claimable"),
            models.Index(fields=["endpoint", "-created_at"], name="load_tests_newest"),
        ]

    def __str__(self):
        return f"Load test of {self.model_version}"

    def get_absolute_url(self):
        arguments = [self.tenant.slug, self.endpoint.engagement_id, self.pk]
        return reverse("serving:load_test", args=arguments)

    @property
    def topic(self) -> str:
        """What pages that show it listen to."""
        return f"load_test:{self.pk}"

    @property
    def planned(self) -> int:
        """How many requests it sends in all."""
        return self.per_second * self.seconds

    @property
    def per_second_answered(self) -> float | None:
        """The throughput, None while it is not known."""
        return self.answered / self.took_seconds if self.took_seconds else None

    @property
    def in_time(self) -> dict:
        """The share of requests that were answered in time, judged as contracts judge it.

        One that was refused or went wrong was not; without a limit each answer is in time.
        """
        return verdicts.p95_latency(self.within_limit, self.sent, self.limit_ms)

    @property
    def enough_volume(self) -> bool | None:
        """Whether its throughput comes to the volume a day; None where none is written down."""
        if not self.volume_per_day or self.per_second_answered is None:
            return None
        return self.per_second_answered * 86_400 >= self.volume_per_day

    @property
    def outcome(self) -> Outcome | None:
        """Pass, fail or inconclusive; None before its end."""
        if self.state != State.SUCCEEDED:
            return None
        if self.enough_volume is False or self.errors:
            return Outcome.FAIL
        return Outcome(self.in_time["outcome"])


class RollbackDrill(Exercise):
    """A roll-back that was practised: how long it took, and that real answers followed it.

    `model_version` is the champion, which is put back at the end; `practised` is what it was
    rolled back to, the same where there is no other good one (`is_rehearsal`).
    """

    class Step(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("Waiting for a worker")
        ROLLING_BACK = "rolling_back", _("Rolling back")
        ASKING = "asking", _("Asking what answers")
        PUTTING_BACK = "putting_back", _("Putting the champion back")
        OVER = "over", _("Over")

    endpoint = models.ForeignKey(
        "serving.Endpoint", on_delete=models.CASCADE, related_name="drills"
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    practised = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    is_rehearsal = models.BooleanField(default=False)
    step = models.CharField(max_length=12, choices=Step, default=Step.WAITING)
    rolled_back_as = models.PositiveIntegerField(null=True)  # the number of its deployment
    put_back_as = models.PositiveIntegerField(null=True)
    # from the order to the data plane's own mark that it answers
    rollback_seconds = models.FloatField(null=True)
    put_back_seconds = models.FloatField(null=True)
    answers_checked = models.PositiveIntegerField(default=0)  # each named the version it should

    class Meta(Exercise.Meta):
        constraints = [
            models.UniqueConstraint(
                "endpoint", condition=~models.Q(state__in=ENDED), name="one_drill_at_a_time"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="drill_claimable"),
            models.Index(fields=["endpoint", "-created_at"], name="drills_newest"),
        ]

    def __str__(self):
        return f"Rollback drill of {self.model_version}"

    @property
    def passed(self) -> bool:
        return self.state == State.SUCCEEDED
