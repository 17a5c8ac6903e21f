"""Datasets: the working set people change, and the versions that never change."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Authored
from accounts.scoping import ScopedManager, TenantModel
from engagements.models import Engagement
from lepton.lib import media


class Split(models.TextChoices):
    """Which part of a dataset version an item belongs to."""

    TRAIN = "train", _("Train")
    VALID = "valid", _("Validation")
    TEST = "test", _("Test")


class LabelledQuerySet(models.QuerySet):
    """Reads on labelled images: those of a working set, or those of a version."""

    def narrowed(self, *, label="", split=""):
        """Only those of a label and a split, where asked for."""
        wanted = {"label": label, "split": split}
        return self.filter(**{name: value for name, value in wanted.items() if value})

    def counts(self) -> dict[str, dict[str, int]]:
        """How many images there are, by label and then by split ("" where none is given)."""
        counts = {}
        found = self.values_list("label", "split").annotate(n=models.Count("pk")).order_by("label")
        for label, split, n in found:
            counts.setdefault(label, {})[split] = n
        return counts

    def sizes(self) -> dict:
        """The least, middle and greatest width, height and file size."""
        names = ("width", "height", "size_bytes")
        return self.aggregate(
            **{f"{name}_least": models.Min(f"image__{name}") for name in names},
            **{f"{name}_middle": Median(f"image__{name}") for name in names},
            **{f"{name}_greatest": models.Max(f"image__{name}") for name in names},
        )


class Median(models.Aggregate):
    """The middle value, one that occurs."""

    function = "percentile_disc"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = models.PositiveIntegerField()


class DatasetQuerySet(models.QuerySet):
    """Reads on datasets."""

    def oldest_first(self):
        return self.order_by("created_at", "pk")


class Dataset(Authored, TenantModel):
    """The working set of an engagement: images with their labels, still being changed."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(_("name"), max_length=120)

    objects = ScopedManager.from_queryset(DatasetQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                "engagement",
                "name",
                name="one_dataset_name_per_engagement",
                violation_error_message=_("This engagement already has a dataset of this name."),
            )
        ]

    def __str__(self):
        return self.name


class Image(TenantModel):
    """One stored image, known by its content: the same picture is kept once per tenant."""

    sha256 = models.CharField(max_length=64)  # of the stored, re-encoded bytes
    original_sha256 = models.CharField(max_length=64)  # of the bytes as they were sent
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    storage_key = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    # How it looks (training/datasets/looks.py); null for what came before that was measured.
    brightness = models.FloatField(null=True)  # 0 to 1
    sharpness = models.FloatField(null=True)
    thumbprint = models.BinaryField(null=True, max_length=1024)
    erased_at = models.DateTimeField(null=True)  # its bytes are gone for good; the hashes stay

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("tenant", "sha256", name="one_image_per_content")]
        indexes = [models.Index(fields=["tenant", "original_sha256"], name="image_by_original")]

    @property
    def url(self) -> str:
        """An address that opens it for a few minutes; "" once it was erased."""
        return "" if self.erased_at else media.signed_url(self.storage_key)


class ItemQuerySet(LabelledQuerySet):
    """Reads on a working set."""

    def included(self):
        """Those that versions are made of."""
        return self.filter(is_excluded=False).exclude(label="")

    def unlabelled(self):
        """Those that wait for a label."""
        return self.filter(is_excluded=False, label="")


class Item(TenantModel):
    """An image in a dataset's working set, with its label."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="items")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="items")
    path = models.CharField(max_length=500)
    label = models.CharField(max_length=80, blank=True)  # blank: still to be labelled
    split = models.CharField(max_length=5, choices=Split, blank=True)  # blank: not given
    group = models.CharField(max_length=200, blank=True)
    is_excluded = models.BooleanField(default=False)  # left out of versions
    label_checked_at = models.DateTimeField(null=True)  # somebody looked, and the label is right
    held_by = models.CharField(max_length=200, blank=True)  # who is shown it to label it
    held_until = models.DateTimeField(null=True)
    meta = models.JSONField(default=dict, blank=True)  # {name: value}, both text, as imported

    objects = ScopedManager.from_queryset(ItemQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("dataset", "image", name="an_image_is_once_in_a_dataset")
        ]
        indexes = [
            models.Index(fields=["dataset", "path"], name="items_by_path"),
            models.Index(
                fields=["dataset", "path"],
                condition=models.Q(label="", is_excluded=False),
                name="items_to_label",
            ),
        ]


class LabelChange(Authored, TenantModel):
    """Somebody gave an image of a dataset another label. Never changed."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="label_changes")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="label_changes")
    before = models.CharField(max_length=80)
    label = models.CharField(max_length=80)

    class Meta(TenantModel.Meta):
        pass

    def __str__(self):
        return f"{self.before} → {self.label}"


class NearDuplicate(TenantModel):
    """Two images of a working set that show the same (training/datasets/alike.py)."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="near_duplicates")
    first = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="+")
    similarity = models.FloatField()  # correlation, 0.99 to 1
    is_mirrored = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint("first", "second", name="a_pair_is_noted_once")]


class DatasetVersionQuerySet(models.QuerySet):
    """Reads on dataset versions."""

    def newest_first(self):
        return self.order_by("-number")

    def for_lists(self):
        return self.select_related("dataset").newest_first()


class DatasetVersion(Authored, TenantModel):
    """A frozen manifest: which images, with which labels, in which split. Never changed."""

    class SplitPolicy(models.TextChoices):
        """Where the splits came from."""

        GIVEN = "given", _("Given with the data")
        STRATIFIED = "stratified", _("Stratified by seed")

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    classes = ArrayField(models.CharField(max_length=80))
    split_policy = models.CharField(max_length=12, choices=SplitPolicy)
    seed = models.PositiveIntegerField()
    counts = models.JSONField()  # {"train": {"<class>": n, ...}, "valid": …, "test": …}
    manifest_sha256 = models.CharField(max_length=64)
    test_sha256 = models.CharField(max_length=64)  # of its test rows' contents and labels
    duplicates_across = models.PositiveIntegerField(default=0)  # pairs of alike images apart
    duplicates_waiver = models.CharField(max_length=500, blank=True)  # why they may be
    meta_names = ArrayField(models.CharField(max_length=60), default=list)  # of its items' metadata

    objects = ScopedManager.from_queryset(DatasetVersionQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("dataset", "number", name="dataset_versions_count_up")
        ]

    def __str__(self):
        return f"{self.dataset.name} v{self.number}"

    def get_absolute_url(self):
        where = [self.tenant.slug, self.dataset.engagement_id, self.pk]
        return reverse("training:dataset_version", args=where)

    def images_in(self, split: str) -> int:
        return sum(self.counts.get(split, {}).values())

    @property
    def images(self) -> int:
        return sum(self.images_in(split) for split in Split.values)

    @property
    def erased_images(self) -> int:
        """How many of its images were erased since: it cannot be trained on any more."""
        return self.items.filter(image__erased_at__isnull=False).count()


class VersionItem(TenantModel):
    """One row of a dataset version's manifest. Never changed."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="items")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    path = models.CharField(max_length=500)
    label = models.CharField(max_length=80)
    split = models.CharField(max_length=5, choices=Split)
    group = models.CharField(max_length=200, blank=True)
    meta = models.JSONField(default=dict, blank=True)

    objects = ScopedManager.from_queryset(LabelledQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint("version", "image", name="an_image_is_once_in_a_version"),
            models.CheckConstraint(
                condition=~models.Q(label=""), name="what_a_version_holds_has_a_label"
            ),
        ]
        indexes = [models.Index(fields=["version", "split"], name="version_items_by_split")]
