"""What the API takes and gives for bulk predictions."""

from rest_framework import serializers

from lepton.lib.strict import StrictSerializer
from serving.bulk.models import BulkPrediction


class BulkUploadSerializer(StrictSerializer):
    """A zip of images or a manifest, as a form."""

    file = serializers.FileField(help_text="A zip of images, or a manifest (.csv or .jsonl).")


class BulkSerializer(serializers.ModelSerializer):
    """A bulk prediction, and how far it is."""

    endpoint = serializers.CharField(source="endpoint.slug", read_only=True)
    by = serializers.CharField(source="created_by_label", read_only=True)
    refused = serializers.SerializerMethodField(help_text="Images that got no answer.")
    eta_seconds = serializers.FloatField(allow_null=True, read_only=True)

    class Meta:
        model = BulkPrediction
        fields = [
            "id",
            "endpoint",
            "source",
            "size_bytes",
            "state",
            "files_total",
            "files_done",
            "refused",
            "eta_seconds",
            "cause",
            "hint",
            "by",
            "created_at",
            "started_at",
            "finished_at",
        ]

    def get_refused(self, bulk) -> int:
        counted = getattr(bulk, "refused", None)  # by for_lists()
        return bulk.rows.exclude(error="").count() if counted is None else counted
