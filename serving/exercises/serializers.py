"""What the API takes and gives for load tests and rollback drills."""

from rest_framework import serializers

from engagements.models import Outcome
from lepton.lib.strict import StrictSerializer
from serving.exercises.rows import MOST_AT_ONCE, MOST_PER_SECOND, MOST_SECONDS
from serving.models import LoadTest, RollbackDrill


class StartLoadTest(StrictSerializer):
    """A load test to start; the tenant's own limits may be lower still."""

    per_second = serializers.IntegerField(min_value=1, max_value=MOST_PER_SECOND)
    seconds = serializers.IntegerField(min_value=1, max_value=MOST_SECONDS)
    at_once = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, default=4)


class SecondSerializer(serializers.Serializer):
    """The requests that were due in one second of a load test."""

    second = serializers.IntegerField()
    answered = serializers.IntegerField()
    refused = serializers.IntegerField()
    errors = serializers.IntegerField()
    p95_ms = serializers.FloatField(allow_null=True)


class LoadTestSerializer(serializers.ModelSerializer):
    """A load test: what was asked for, how far it is, what came of it."""

    endpoint = serializers.CharField(source="endpoint.slug", read_only=True)
    model_version = serializers.IntegerField(source="model_version.number", read_only=True)
    answers_per_second = serializers.FloatField(
        source="per_second_answered", read_only=True, allow_null=True
    )
    outcome = serializers.ChoiceField(choices=Outcome.choices, read_only=True, allow_null=True)
    share_in_time = serializers.FloatField(source="in_time.value", read_only=True, allow_null=True)
    share_in_time_low = serializers.FloatField(
        source="in_time.low", read_only=True, allow_null=True
    )
    share_in_time_high = serializers.FloatField(
        source="in_time.high", read_only=True, allow_null=True
    )
    versions = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    by = serializers.CharField(source="created_by_label", read_only=True)

    class Meta:
        model = LoadTest
        fields = ["id", "endpoint", "model_version", "state", "outcome"]
        fields += ["per_second", "seconds", "at_once", "limit_ms", "volume_per_day"]
        fields += ["sent", "answered", "refused", "errors", "within_limit", "answers_per_second"]
        fields += ["share_in_time", "share_in_time_low", "share_in_time_high"]
        fields += ["took_seconds", "p50_ms", "p95_ms", "p99_ms", "versions", "cause", "hint"]
        fields += ["by", "created_at", "started_at", "finished_at"]


class LoadTestDetailSerializer(LoadTestSerializer):
    """A load test, second by second."""

    by_second = SecondSerializer(many=True, read_only=True)

    class Meta(LoadTestSerializer.Meta):
        fields = [*LoadTestSerializer.Meta.fields, "by_second"]


class DrillSerializer(serializers.ModelSerializer):
    """A rollback drill; seconds count from the order to the data plane's own mark."""

    endpoint = serializers.CharField(source="endpoint.slug", read_only=True)
    champion = serializers.IntegerField(source="model_version.number", read_only=True)
    practised = serializers.IntegerField(source="practised.number", read_only=True)
    passed = serializers.BooleanField(read_only=True)
    by = serializers.CharField(source="created_by_label", read_only=True)

    class Meta:
        model = RollbackDrill
        fields = ["id", "endpoint", "state", "step", "passed", "champion", "practised"]
        fields += ["is_rehearsal", "rollback_seconds", "put_back_seconds", "answers_checked"]
        fields += ["cause", "by", "created_at", "finished_at"]
