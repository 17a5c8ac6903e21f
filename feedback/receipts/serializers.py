"""What the API gives of receipts."""

from rest_framework import serializers

from feedback.receipts import words
from feedback.receipts.models import Receipt
from feedback.serializers import FeedbackSerializer


class ReceiptSerializer(serializers.ModelSerializer):
    """What became of the feedback on one prediction."""

    prediction_id = serializers.UUIDField()
    dataset_version = serializers.IntegerField(source="version.number", default=None)
    dataset_version_id = serializers.UUIDField(source="version_id", allow_null=True)
    model_version = serializers.IntegerField(source="model_version.number", default=None)
    now_right = serializers.BooleanField(allow_null=True)
    words = serializers.SerializerMethodField(help_text="What became of it, in order.")

    class Meta:
        model = Receipt
        fields = ["id", "prediction_id", "state", "label", "is_correction", "opinions"]
        fields += ["is_adjudicated", "fate", "reason", "dataset_version", "dataset_version_id"]
        fields += ["model_version", "answer", "now_right", "settled_at", "words"]

    def get_words(self, receipt) -> list[str]:
        return [str(step.text) for step in words.steps(receipt)]


class LineOutcomeSerializer(serializers.Serializer):
    """What became of one row of a file: `status` is that of the same answer given alone."""

    line = serializers.IntegerField()
    status = serializers.IntegerField()
    feedback = FeedbackSerializer(allow_null=True)
    error = serializers.CharField(allow_null=True)


class FileOutcomeSerializer(serializers.Serializer):
    """What became of the rows of a file, in their order."""

    taken = serializers.IntegerField()
    refused = serializers.IntegerField()
    outcomes = LineOutcomeSerializer(many=True)
