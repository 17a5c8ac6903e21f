"""What the API takes and gives of data."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lepton.lib.strict import StrictSerializer
from training.datasets.versions import GREATEST_SEED
from training.models import Dataset, DatasetVersion, Import, ImportRow, Item, Split, VersionItem


class DatasetSerializer(serializers.ModelSerializer):
    """A dataset: the working set of images and labels."""

    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Dataset
        fields = ["id", "name", "created_by", "created_at"]


class SpreadSerializer(serializers.Serializer):
    """The least, middle and greatest of a measure."""

    least = serializers.IntegerField()
    middle = serializers.IntegerField()
    greatest = serializers.IntegerField()


class DatasetDetailSerializer(DatasetSerializer):
    """A dataset with its health: counts, imbalance and sizes. Splits are "" where none is given."""

    images = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField(help_text="Images by class and split.")
    imbalance = serializers.SerializerMethodField(help_text="Largest class over smallest.")
    width = serializers.SerializerMethodField()
    height = serializers.SerializerMethodField()
    size_bytes = serializers.SerializerMethodField()

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "images", "counts", "imbalance"]
        fields += ["width", "height", "size_bytes"]

    def get_images(self, dataset) -> int:
        return sum(self._totals())

    def get_counts(self, dataset) -> dict[str, dict[str, int]]:
        return self.context["counts"]

    def get_imbalance(self, dataset) -> float | None:
        return max(self._totals()) / min(self._totals()) if self._totals() else None

    @extend_schema_field(SpreadSerializer(allow_null=True))
    def get_width(self, dataset):
        return self._spread("width")

    @extend_schema_field(SpreadSerializer(allow_null=True))
    def get_height(self, dataset):
        return self._spread("height")

    @extend_schema_field(SpreadSerializer(allow_null=True))
    def get_size_bytes(self, dataset):
        return self._spread("size_bytes")

    def _totals(self):
        return [sum(by_split.values()) for by_split in self.context["counts"].values()]

    def _spread(self, name):
        sizes = self.context["sizes"]
        if sizes[f"{name}_least"] is None:
            return None
        return {key: sizes[f"{name}_{key}"] for key in ("least", "middle", "greatest")}


class NewDatasetSerializer(StrictSerializer):
    """A dataset to make."""

    name = serializers.CharField(max_length=120)


class UploadSerializer(StrictSerializer):
    """An ImageFolder zip as a form, with a splits file where there is one."""

    file = serializers.FileField()
    splits = serializers.FileField(required=False, help_text="CSV: file, split, label?, group?")


class ImportSerializer(serializers.ModelSerializer):
    """An import and how far it is."""

    dataset = serializers.UUIDField(source="dataset_id")
    eta_seconds = serializers.FloatField(allow_null=True)
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Import
        fields = ["id", "dataset", "source", "size_bytes", "sha256", "state"]
        fields += ["files_total", "files_done", "eta_seconds", "cause", "hint"]
        fields += ["cancel_requested_at", "created_by", "created_at", "started_at", "finished_at"]


class ImportDetailSerializer(ImportSerializer):
    """An import with how many files came out in which way."""

    outcomes = serializers.SerializerMethodField()

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "outcomes"]

    def get_outcomes(self, import_) -> dict[str, int]:
        return import_.rows.counts()


class ImportRowSerializer(serializers.ModelSerializer):
    """What became of one file, why, and what to do about it."""

    reason = serializers.CharField()
    fix = serializers.CharField()

    class Meta:
        model = ImportRow
        fields = ["position", "path", "outcome", "label", "split", "kind", "reason", "fix"]


class ItemSerializer(serializers.ModelSerializer):
    """A labelled image of the working set; `url` opens it for a few minutes, `image` is what a
    model version can be asked to explain."""

    sha256 = serializers.CharField(source="image.sha256")
    width = serializers.IntegerField(source="image.width")
    height = serializers.IntegerField(source="image.height")
    size_bytes = serializers.IntegerField(source="image.size_bytes")
    meta = serializers.DictField(child=serializers.CharField(), help_text="As imported.")
    url = serializers.SerializerMethodField(help_text="Empty: the image was erased.")

    class Meta:
        model = Item
        fields = ["id", "path", "label", "split", "group", "meta"]
        fields += ["image", "sha256", "width", "height", "size_bytes", "url"]

    def get_url(self, row) -> str:
        url = row.image.url
        return url and self.context["request"].build_absolute_uri(url)


class ChangeItemsSerializer(StrictSerializer):
    """Images by their ids, and what should change of them."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=5000)
    label = serializers.CharField(max_length=80, required=False)
    split = serializers.ChoiceField(
        choices=Split.choices, required=False, allow_blank=True, help_text="Empty: none is given."
    )
    excluded = serializers.BooleanField(required=False, help_text="Versions leave them out.")
    checked = serializers.BooleanField(
        required=False, help_text="Somebody looked: the label is right."
    )


class ChangedSerializer(serializers.Serializer):
    """How many images were changed."""

    changed = serializers.IntegerField()


class DataHealthSerializer(serializers.Serializer):
    """How many images are odd in which way, and what that is measured by."""

    images = serializers.IntegerField()
    odd = serializers.DictField(child=serializers.IntegerField())
    alike_pairs = serializers.IntegerField()
    alike_with_other_labels = serializers.IntegerField()
    alike_in_other_splits = serializers.IntegerField()
    unmeasured = serializers.IntegerField(help_text="Imported before looks were measured.")
    fences = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="Brightness (0 to 1) and log sharpness beyond which an image is odd.",
    )
    doubting_run = serializers.IntegerField(allow_null=True)


class VersionItemSerializer(ItemSerializer):
    """A labelled image of a dataset version."""

    class Meta(ItemSerializer.Meta):
        model = VersionItem


class DatasetVersionSerializer(serializers.ModelSerializer):
    """A frozen dataset version."""

    dataset = serializers.UUIDField(source="dataset_id")
    counts = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="Images by split and class.",
    )
    images = serializers.IntegerField()
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = DatasetVersion
        fields = ["id", "dataset", "number", "classes", "split_policy", "seed", "images", "counts"]
        fields += ["manifest_sha256", "duplicates_across", "duplicates_waiver", "meta_names"]
        fields += ["created_by", "created_at"]


class DatasetVersionDetailSerializer(DatasetVersionSerializer):
    """A frozen dataset version with how many of its images are gone."""

    erased_images = serializers.IntegerField(
        help_text="Erased for good since it was frozen: it is not trained on again."
    )

    class Meta(DatasetVersionSerializer.Meta):
        fields = [*DatasetVersionSerializer.Meta.fields, "erased_images"]


class FreezeSerializer(StrictSerializer):
    """How to split the working set; without a policy, splits that were given are kept."""

    seed = serializers.IntegerField(min_value=0, max_value=GREATEST_SEED, default=0)
    split_policy = serializers.ChoiceField(
        choices=DatasetVersion.SplitPolicy, required=False, default=None, allow_null=True
    )
    duplicates_waiver = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why alike images may be in several splits, where given splits part them.",
    )
    leave_out_unlabelled = serializers.BooleanField(
        default=False, help_text="Images without a label stay out; else they are refused."
    )


class DiffSerializer(serializers.Serializer):
    """How many images differ between two versions."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    relabelled = serializers.IntegerField()
    moved = serializers.IntegerField(help_text="To another split.")
    unchanged = serializers.IntegerField()
