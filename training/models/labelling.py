"""Who labelled what: a row for each decision on an image that came without a label."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored, author
from accounts.scoping import ScopedManager, TenantModel
from training.models.dataset import Item


class LabelEntryQuerySet(models.QuerySet):
    """Reads on the history of labels."""

    def newest_first(self):
        return self.order_by("-created_at", "-pk")

    def by(self, actor):
        """Those of one person or key."""
        return self.filter(**author(actor))

    def standing(self):
        """Labels and skips that nobody took back."""
        return self.exclude(kind=LabelEntry.Kind.UNDO).filter(undone_by=None)


class LabelEntry(Authored, TenantModel):
    """One decision on an unlabelled image. Never changed: taking it back is another entry."""

    class Kind(models.TextChoices):
        """What was decided."""

        LABEL = "label", _("Labelled")
        SKIP = "skip", _("Skipped")
        UNDO = "undo", _("Taken back")

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="label_entries")
    kind = models.CharField(max_length=5, choices=Kind)
    label = models.CharField(max_length=80, blank=True)
    undoes = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="undone_by"
    )

    objects = ScopedManager.from_queryset(LabelEntryQuerySet)()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["item", "created_at"], name="label_entries_by_item")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(kind="label") | ~models.Q(label=""),
                name="a_label_entry_names_its_label",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="undo", undoes__isnull=False)
                | (~models.Q(kind="undo") & models.Q(undoes=None)),
                name="only_an_undo_takes_back",
            ),
        ]
