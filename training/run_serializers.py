"""What the API says about runs and model versions."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from lepton.lib import media
from lepton.lib.strict import StrictSerializer
from training.engine import backbones
from training.models import EvaluatedItem, Evaluation, ModelVersion, Run, RunEpoch
from training.runs import files
from training.selection_serializers import MeasurementSerializer


class NewRunSerializer(StrictSerializer):
    """A run to start; what `params` may hold is in the catalogue."""

    dataset_version = serializers.UUIDField()
    method = serializers.ChoiceField(choices=Run.Method.choices)
    backbone = serializers.ChoiceField(
        choices=list(backbones.CATALOGUE),
        required=False,
        help_text=_("The network; an ensemble has those of its members and takes none."),
    )
    params = serializers.DictField(required=False, help_text=_("Settings of the method by name."))


class RunSerializer(serializers.ModelSerializer):
    """A run in a list."""

    model_version = serializers.SerializerMethodField()
    accuracy = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "number",
            "engagement",
            "dataset_version",
            "task_type",
            "method",
            "backbone",
            "state",
            "progress",
            "created_at",
            "started_at",
            "finished_at",
            "model_version",
            "accuracy",
        )

    def get_model_version(self, run) -> str | None:
        version = getattr(run, "model_version", None)
        return version and str(version.pk)

    def get_accuracy(self, run) -> float | None:
        found = run.test_evaluation
        return found and found.accuracy


class RunDetailSerializer(RunSerializer):
    """A run with all that is known of it."""

    class Meta(RunSerializer.Meta):
        fields = (
            *RunSerializer.Meta.fields,
            "params",
            "created_by_label",
            "attempt",
            "cancel_requested_at",
            "cause",
            "hint",
            "log_tail",
            "manifest",
        )


class EpochSerializer(serializers.ModelSerializer):
    """The figures of one finished epoch."""

    class Meta:
        model = RunEpoch
        fields = (
            "epoch",
            "train_loss",
            "valid_loss",
            "valid_accuracy",
            "items_per_second",
            "at",
        )


class EvaluationSerializer(serializers.ModelSerializer):
    """Measured once on one split of one dataset version, with 95 % intervals."""

    class Meta:
        model = Evaluation
        fields = (
            "id",
            "model_version",
            "dataset_version",
            "split",
            "n",
            "accuracy",
            "accuracy_low",
            "accuracy_high",
            "macro_precision",
            "macro_precision_low",
            "macro_precision_high",
            "macro_recall",
            "macro_recall_low",
            "macro_recall_high",
            "macro_f1",
            "macro_f1_low",
            "macro_f1_high",
            "macro_auc",
            "macro_auc_low",
            "macro_auc_high",
            "ece",
            "per_class",
            "confusion",
            "at",
        )


class ModelVersionSerializer(serializers.ModelSerializer):
    """A model version with its figures on the test split."""

    test_evaluation = EvaluationSerializer(allow_null=True)

    class Meta:
        model = ModelVersion
        fields = (
            "id",
            "number",
            "engagement",
            "run",
            "classes",
            "backbone",
            "method",
            "size_bytes",
            "created_at",
            "test_evaluation",
        )


class ModelFileSerializer(serializers.Serializer):
    """A file of a model version; `url` opens it for about five minutes."""

    name = serializers.CharField()
    bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True)
    url = serializers.CharField()


class ModelVersionDetailSerializer(ModelVersionSerializer):
    """A model version with its meta.json and its files."""

    files = serializers.SerializerMethodField()
    erased_images = serializers.IntegerField(
        source="run.dataset_version.erased_images",
        help_text="Images it was made with that were erased for good since.",
    )

    class Meta(ModelVersionSerializer.Meta):
        fields = (*ModelVersionSerializer.Meta.fields, "meta", "files", "erased_images")

    def get_files(self, version) -> ModelFileSerializer(many=True):
        absolute = self.context["request"].build_absolute_uri
        known = version.meta.get("files", {})
        return [
            {
                "name": name,
                "bytes": known.get(name, {}).get("bytes"),
                "sha256": known.get(name, {}).get("sha256", ""),
                "url": absolute(media.signed_url(f"{version.storage_prefix}/{name}")),
            }
            for name in files.NAMES
        ]


class EvaluatedItemSerializer(serializers.ModelSerializer):
    """What a model version answered for one held-out image; `image_url` opens it for minutes."""

    image_url = serializers.SerializerMethodField(help_text="Empty: the image was erased.")

    class Meta:
        model = EvaluatedItem
        fields = ("id", "path", "label", "answer", "score", "scores", "image", "image_url")

    def get_image_url(self, item) -> str:
        url = item.image.url
        return url and self.context["request"].build_absolute_uri(url)


SETTING_KINDS = ("integer", "number", "string", "model_version", "model_versions")


class SettingSerializer(serializers.Serializer):
    """One setting of a method."""

    name = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField()
    type = serializers.ChoiceField(choices=list(SETTING_KINDS))
    default = serializers.JSONField(allow_null=True)
    minimum = serializers.FloatField(required=False)
    maximum = serializers.FloatField(required=False)
    choices = serializers.ListField(child=serializers.JSONField(), required=False)


class MethodSerializer(serializers.Serializer):
    """A method and its settings."""

    name = serializers.CharField()
    title = serializers.CharField()
    settings = SettingSerializer(many=True)


class BackboneSerializer(serializers.Serializer):
    """A network, its size and cost, and whether its weights are on this server."""

    name = serializers.CharField()
    title = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    parameters = serializers.IntegerField()
    features = serializers.IntegerField()
    gflops = serializers.FloatField()
    cpu_ms = serializers.FloatField(help_text=_("Milliseconds an image on one CPU core."))
    pretrained = serializers.BooleanField()
    weights_file = serializers.CharField(allow_blank=True)
    weights_available = serializers.BooleanField()
    defaults = serializers.DictField()
    measurement = MeasurementSerializer(allow_null=True)


class CatalogueSerializer(serializers.Serializer):
    """What a run can be made of."""

    methods = MethodSerializer(many=True)
    backbones = BackboneSerializer(many=True)
