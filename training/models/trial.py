"""What a search tried, and which model versions a run was made from."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scoping import ScopedManager, TenantModel
from training.models.model_version import ModelVersion
from training.models.run import Run


class TrialQuerySet(models.QuerySet):
    """Reads on trials."""

    def in_order(self):
        return self.order_by("number")

    def finished(self):
        """Those whose loss counts."""
        return self.filter(state=Trial.State.FINISHED)


class Trial(TenantModel):
    """One try of a search: settings and how they did on validation, never on the test split."""

    class State(models.TextChoices):
        """How far it came."""

        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        PRUNED = "pruned", _("Stopped early")
        FAILED = "failed", _("Failed")

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()  # 0: the default settings
    params = models.JSONField()  # what was drawn, by the names of the method's settings
    state = models.CharField(max_length=8, choices=State)
    loss = models.FloatField(null=True)  # mean log loss on validation
    accuracy = models.FloatField(null=True)
    steps = models.JSONField(default=list)  # the loss after each epoch or fold so far
    seconds = models.FloatField(default=0)
    cause = models.TextField(blank=True)
    at = models.DateTimeField(auto_now=True)

    objects = ScopedManager.from_queryset(TrialQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("run", "number", name="one_row_per_trial"),
            models.CheckConstraint(
                condition=~models.Q(state="finished") | models.Q(loss__isnull=False),
                name="a_finished_trial_has_a_loss",
            ),
        ]


class RunSource(TenantModel):
    """A model version that a run was made from: a member of an ensemble, or the teacher."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="sources")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="went_into"
    )
    position = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("run", "model_version", name="a_source_is_named_once")
        ]
