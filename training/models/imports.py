"""Imports: an upload and, row by row, what became of each file."""

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from training.datasets import reasons
from training.models.dataset import Dataset, Image, Item, Split
from training.models.leased import Leased


class ImportQuerySet(models.QuerySet):
    """Reads on imports."""

    def newest_first(self):
        return self.order_by("-created_at")

    def for_lists(self):
        return self.select_related("dataset").newest_first()


class Import(Leased, Authored, TenantModel):
    """One uploaded archive on its way into a dataset."""

    class State(models.TextChoices):
        """Where the import is."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    source = models.CharField(max_length=255)  # the file name as it was sent
    upload_key = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    splits_key = models.CharField(max_length=200, blank=True)  # an optional splits manifest (CSV)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    files_total = models.PositiveIntegerField(null=True)
    files_done = models.PositiveIntegerField(default=0)
    compared_at = models.DateTimeField(null=True)  # with the dataset, for near-duplicates

    objects = ScopedManager.from_queryset(ImportQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="import_claimable"),
            models.Index(fields=["tenant", "claimed_at"], name="imports_by_turn"),
        ]

    def __str__(self):
        return self.source

    def get_absolute_url(self):
        return reverse(
            "training:import", args=[self.tenant.slug, self.dataset.engagement_id, self.pk]
        )

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def topic(self) -> str:
        """What pages that show this import listen to (lepton/lib/live.py)."""
        return f"import:{self.pk}"

    @property
    def eta_seconds(self) -> float | None:
        """How long it will still take at the pace so far, None while that cannot be said."""
        if self.state != self.State.RUNNING or not self.files_done:
            return None
        took = (timezone.now() - self.started_at).total_seconds()
        return took / self.files_done * (self.files_total - self.files_done)


class ImportRowQuerySet(models.QuerySet):
    """Reads on import rows."""

    def in_order(self):
        return self.order_by("position")

    def came_out(self, outcome: str):
        """Those of an outcome, "look" for those somebody should look at, "all" for all."""
        if outcome == "all":
            return self
        wanted = ImportRow.NEEDS_A_LOOK if outcome == "look" else [outcome]
        return self.filter(outcome__in=wanted)

    def counts(self) -> dict[str, int]:
        """How many files came out in which way."""
        return dict(self.values_list("outcome").annotate(n=models.Count("pk")).order_by("outcome"))


class ImportRow(TenantModel):
    """What became of one file of an import."""

    class Outcome(models.TextChoices):
        """The fate of a file."""

        ACCEPTED = "accepted", _("Accepted")
        UNLABELLED = "unlabelled", _("To be labelled")
        DUPLICATE = "duplicate", _("Duplicate")
        CONFLICT = "conflict", _("Label conflict")
        CORRUPT = "corrupt", _("Unreadable")
        TOO_SMALL = "too_small", _("Too small")
        TOO_LARGE = "too_large", _("Too large")
        UNKNOWN_LABEL = "unknown_label", _("Unknown label")
        IGNORED = "ignored", _("Ignored")

    IN_THE_SET = (Outcome.ACCEPTED, Outcome.UNLABELLED)
    NEEDS_A_LOOK = (
        Outcome.CONFLICT,
        Outcome.CORRUPT,
        Outcome.TOO_SMALL,
        Outcome.TOO_LARGE,
        Outcome.UNKNOWN_LABEL,
    )

    parent = models.ForeignKey(
        Import, on_delete=models.CASCADE, related_name="rows", db_column="import_id"
    )
    position = models.PositiveIntegerField()  # of the file in the archive, from 0
    path = models.CharField(max_length=500)
    outcome = models.CharField(max_length=14, choices=Outcome)
    kind = models.CharField(max_length=20, blank=True)  # of reasons.WORDS; blank: accepted
    params = models.JSONField(default=dict)  # what the words are filled with
    label = models.CharField(max_length=80, blank=True)
    split = models.CharField(max_length=5, choices=Split, blank=True)
    item = models.ForeignKey(Item, null=True, on_delete=models.SET_NULL, related_name="+")
    image = models.ForeignKey(Image, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ScopedManager.from_queryset(ImportRowQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("parent", "position", name="one_outcome_per_file")]
        indexes = [models.Index(fields=["parent", "outcome"], name="import_rows_by_outcome")]

    @property
    def reason(self) -> str:
        """Why it came out this way, in the reader's language; empty when accepted."""
        return reasons.words(self.kind, self.params)[0]

    @property
    def fix(self) -> str:
        """What to do about it, in the reader's language."""
        return reasons.words(self.kind, self.params)[1]
