"""Model versions and what they were measured to do."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from training.models.dataset import DatasetVersion, Image, Split
from training.models.run import Run


class ModelVersionQuerySet(models.QuerySet):
    """Reads on model versions."""

    def newest_first(self):
        return self.select_related("run").order_by("-number")

    def for_lists(self):
        related = ("run__dataset_version__dataset",)
        return self.newest_first().select_related(*related).prefetch_related("evaluations")


class ModelVersion(TenantModel):
    """What a run produced: files known by their hashes, and the classes they answer with."""

    engagement = models.ForeignKey(
        Engagement, on_delete=models.CASCADE, related_name="model_versions"
    )
    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="model_version")
    number = models.PositiveIntegerField()
    classes = ArrayField(models.CharField(max_length=80))
    backbone = models.CharField(max_length=40)
    method = models.CharField(max_length=20, choices=Run.Method)
    storage_prefix = models.CharField(max_length=200)  # model.safetensors, model.onnx, meta.json
    meta = models.JSONField()  # the content of meta.json: hashes, preprocessing, parity, versions
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = ScopedManager.from_queryset(ModelVersionQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "number", name="model_versions_count_up")
        ]

    def __str__(self):
        return f"Model version {self.number}"

    def get_absolute_url(self):
        return reverse("training:model", args=[self.tenant.slug, self.engagement_id, self.pk])

    @property
    def approval(self):
        """The decision that stands, or None."""
        return self.approvals.newest_first().first()

    @property
    def test_evaluation(self):
        """Its figures on the untouched test split of the version it was trained on, or None."""
        tests = [one for one in self.evaluations.all() if one.split == Split.TEST]
        return max(tests, key=lambda one: one.at, default=None)


class Evaluation(TenantModel):
    """The figures of one model version on one split of one dataset version. Never changed."""

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="evaluations"
    )
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=5, choices=Split)
    n = models.PositiveIntegerField()
    accuracy = models.FloatField()
    accuracy_low = models.FloatField()  # 95 % Wilson interval
    accuracy_high = models.FloatField()
    macro_precision = models.FloatField()  # this and the next: 95 % intervals from the posterior
    macro_precision_low = models.FloatField()
    macro_precision_high = models.FloatField()
    macro_recall = models.FloatField()
    macro_recall_low = models.FloatField()
    macro_recall_high = models.FloatField()
    macro_f1 = models.FloatField()
    macro_f1_low = models.FloatField()
    macro_f1_high = models.FloatField()
    macro_auc = models.FloatField(null=True)  # None: a class has no rows, or measured before it was
    macro_auc_low = models.FloatField(null=True)
    macro_auc_high = models.FloatField(null=True)
    ece = models.FloatField()
    per_class = (
        models.JSONField()
    )  # [{"label", "n", "precision", "precision_low", …_high, "recall"…}]
    confusion = models.JSONField()  # rows: true class, columns: answer
    at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "model_version", "dataset_version", "split", name="one_evaluation_per_split"
            )
        ]


class EvaluatedItemQuerySet(models.QuerySet):
    """Reads on evaluated items."""

    def cell(self, *, label=None, answer=None, wrong=False):
        """Those of a cell, row or column of the confusion matrix; with `wrong` only the errors."""
        wanted = {"label": label, "answer": answer}
        found = self.filter(**{name: value for name, value in wanted.items() if value is not None})
        return found.exclude(answer=models.F("label")) if wrong else found


class EvaluatedItem(TenantModel):
    """What a model version answered for one held-out image. Never changed."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="items")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=500)
    label = models.CharField(max_length=80)
    answer = models.CharField(max_length=80)
    score = models.FloatField()  # probability of the answer
    scores = ArrayField(models.FloatField())  # in the order of the model version's classes

    objects = ScopedManager.from_queryset(EvaluatedItemQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["evaluation", "label", "answer"], name="evaluated_by_cell")]


class ApprovalQuerySet(models.QuerySet):
    """Reads on approvals."""

    def newest_first(self):
        return self.order_by("-created_at")


class ModelApproval(Authored, TenantModel):
    """What an ML engineer decided on a model version, and why; the newest stands. Never changed."""

    class Decision(models.TextChoices):
        """May it go to production?"""

        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")

    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="approvals"
    )
    decision = models.CharField(max_length=10, choices=Decision)
    reason = models.TextField(max_length=2000)

    objects = ScopedManager.from_queryset(ApprovalQuerySet)()

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return f"{self.get_decision_display()}: {self.model_version}"
