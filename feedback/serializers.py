"""What the API takes and gives of feedback."""

from rest_framework import serializers

from feedback.models import Feedback
from lepton.lib.strict import StrictSerializer

MOST_ROWS = 1000


class FeedbackSerializer(serializers.ModelSerializer):
    """One answer to a prediction; it stands until a newer one supersedes it."""

    prediction_id = serializers.UUIDField()
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Feedback
        fields = ["id", "prediction_id", "verdict", "label", "comment"]
        fields += ["created_by", "created_at", "superseded_at", "withdrawn_at", "is_adjudication"]


class GiveFeedbackSerializer(StrictSerializer):
    """An answer to one prediction."""

    verdict = serializers.ChoiceField(choices=Feedback.Verdict.choices)
    label = serializers.CharField(
        max_length=80, required=False, allow_blank=True, help_text="The right one, if corrected."
    )
    comment = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class ReferredFeedbackSerializer(GiveFeedbackSerializer):
    """An answer to the prediction of this id, or to the newest with this client reference."""

    prediction_id = serializers.UUIDField(required=False)
    reference = serializers.CharField(max_length=200, required=False)


class BulkFeedbackSerializer(StrictSerializer):
    """Up to 1,000 answers; each is taken or refused by itself."""

    feedback = serializers.ListField(
        child=serializers.DictField(), min_length=1, max_length=MOST_ROWS
    )


class OutcomeSerializer(serializers.Serializer):
    """What became of one row: `status` is what it would have been answered with by itself."""

    row = serializers.IntegerField()
    status = serializers.IntegerField()
    feedback = FeedbackSerializer(allow_null=True)
    error = serializers.CharField(allow_null=True)


class BulkOutcomeSerializer(serializers.Serializer):
    """What became of the rows, in their order."""

    taken = serializers.IntegerField()
    refused = serializers.IntegerField()
    outcomes = OutcomeSerializer(many=True)
