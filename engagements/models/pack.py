"""Go-live packs: what was agreed, measured, practised and signed, as one document."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models.engagement import Engagement
from lepton.lib.canonical import sha256_of


class PackQuerySet(models.QuerySet):
    """Reads on packs."""

    def newest_first(self):
        return self.order_by("-version")


class GoLivePack(Authored, TenantModel):
    """One generated version of the document; a further one never changes it."""

    class Form(models.TextChoices):
        """The files it is given out as."""

        HTML = "html", _("HTML")
        PDF = "pdf", _("PDF")

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="packs")
    version = models.PositiveIntegerField()
    iteration = models.PositiveIntegerField()
    content = models.JSONField()  # [{title, blocks}] of engagements.packs
    sha256 = models.CharField(max_length=64)  # of the canonical JSON of `content`
    files = models.JSONField()  # {form: {key, sha256, bytes}}

    objects = ScopedManager.from_queryset(PackQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("engagement", "version", name="pack_versions_count_up")
        ]

    def __str__(self):
        return f"Go-live pack, version {self.version}"

    @property
    def is_intact(self) -> bool:
        """Whether the content still has the hash it was recorded with."""
        return sha256_of(self.content) == self.sha256
