"""What the API gives of monitoring."""

from rest_framework import serializers

from feedback.models import DriftFinding, DriftLook, DriftReference
from feedback.monitoring.periods import Length
from lepton.lib.strict import StrictSerializer


class PeriodSerializer(StrictSerializer):
    """Which period is asked for."""

    period = serializers.ChoiceField(choices=Length.choices, default=Length.WEEK)


class TotalsSerializer(serializers.Serializer):
    """What an endpoint did; a figure is null where n is too small for it."""

    predictions = serializers.IntegerField()
    requests = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="Answered with 4xx.")
    failed = serializers.IntegerField(help_text="Answered with 5xx.")
    failed_share = serializers.FloatField(allow_null=True)
    latency_p50_ms = serializers.FloatField(allow_null=True)
    latency_p95_ms = serializers.FloatField(allow_null=True)
    latency_p99_ms = serializers.FloatField(allow_null=True)
    doubtful = serializers.IntegerField(help_text="Answers with a score below 0.6.")
    doubtful_share = serializers.FloatField(allow_null=True)
    classes = serializers.DictField(child=serializers.IntegerField())
    scores = serializers.ListField(
        child=serializers.IntegerField(), help_text="Answers by score, in steps of 0.05."
    )


class BucketSerializer(TotalsSerializer):
    """One part of a period."""

    since = serializers.DateTimeField()


class VersionChangeSerializer(serializers.Serializer):
    """When another model version began to answer."""

    at = serializers.DateTimeField()
    version = serializers.IntegerField()


class MonitoringSerializer(serializers.Serializer):
    """A period of an endpoint beside the one before it."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    present = TotalsSerializer()
    previous = TotalsSerializer()
    buckets = BucketSerializer(many=True)
    version_changes = VersionChangeSerializer(many=True)


class ClassQualitySerializer(serializers.Serializer):
    """One class; a figure from too few answers is null."""

    label = serializers.CharField()
    n = serializers.IntegerField(help_text="Answers that were of this class, as people said.")
    answered = serializers.IntegerField(help_text="Answers that named this class.")
    precision = serializers.FloatField(allow_null=True)
    precision_low = serializers.FloatField(allow_null=True)
    precision_high = serializers.FloatField(allow_null=True)
    recall = serializers.FloatField(allow_null=True)
    recall_low = serializers.FloatField(allow_null=True)
    recall_high = serializers.FloatField(allow_null=True)
    f1 = serializers.FloatField(allow_null=True)
    f1_low = serializers.FloatField(allow_null=True)
    f1_high = serializers.FloatField(allow_null=True)


class RealisedSerializer(serializers.Serializer):
    """Quality from feedback with 95 % intervals; null while `still_needed` answers are missing."""

    n = serializers.IntegerField()
    still_needed = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)
    accuracy_low = serializers.FloatField(allow_null=True)
    accuracy_high = serializers.FloatField(allow_null=True)
    macro_precision = serializers.FloatField(allow_null=True)
    macro_precision_low = serializers.FloatField(allow_null=True)
    macro_precision_high = serializers.FloatField(allow_null=True)
    macro_recall = serializers.FloatField(allow_null=True)
    macro_recall_low = serializers.FloatField(allow_null=True)
    macro_recall_high = serializers.FloatField(allow_null=True)
    macro_f1 = serializers.FloatField(allow_null=True)
    macro_f1_low = serializers.FloatField(allow_null=True)
    macro_f1_high = serializers.FloatField(allow_null=True)
    per_class = ClassQualitySerializer(many=True)


class VersionQualitySerializer(RealisedSerializer):
    """Quality of one model version."""

    version = serializers.IntegerField()


class EstimateSerializer(serializers.Serializer):
    """What the model's confidence says, without labels: no accuracy."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()


class QualityBucketSerializer(serializers.Serializer):
    """One part of a period."""

    since = serializers.DateTimeField()
    n = serializers.IntegerField()
    accuracy = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    estimated = EstimateSerializer(allow_null=True)


class QualitySerializer(serializers.Serializer):
    """Realised quality and what was estimated without labels, each by itself."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    realised = RealisedSerializer()
    previous = RealisedSerializer()
    by_version = VersionQualitySerializer(many=True)
    estimated = EstimateSerializer(allow_null=True)
    buckets = QualityBucketSerializer(many=True)
    version_changes = VersionChangeSerializer(many=True)


class DriftFindingSerializer(serializers.ModelSerializer):
    """What one look found of one kind."""

    corrected_p_value = serializers.FloatField(help_text="Over the looks of the last week.")

    class Meta:
        model = DriftFinding
        fields = ["kind", "has_drifted", "distance", "p_value", "corrected_p_value", "looks"]
        fields += ["n_reference", "n_recent", "detail"]


class DriftLookSerializer(serializers.ModelSerializer):
    """One comparison of recent traffic with the reference."""

    model_version = serializers.IntegerField(
        source="model_version.number", default=None, allow_null=True
    )
    reference = serializers.CharField(source="reference.kind", default=None, allow_null=True)
    findings = DriftFindingSerializer(many=True)
    asked_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = DriftLook
        fields = ["id", "state", "model_version", "reference", "n", "findings", "cause"]
        fields += ["asked_by", "created_at", "done_at"]


class DriftReferenceSerializer(serializers.ModelSerializer):
    """What traffic is compared with from now on."""

    model_version = serializers.IntegerField(source="model_version.number")
    accepted_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = DriftReference
        fields = ["id", "kind", "model_version", "n", "classes", "accepted_by", "created_at"]
