"""What the API takes and gives for challengers, second answers, and what answered when."""

from rest_framework import serializers

from lepton.lib.strict import StrictSerializer
from serving import comparing, guards
from serving.models import Challenger, ShadowAnswer
from serving.serializers import PredictionSerializer, VersionInPlaceSerializer


class CreateChallenger(StrictSerializer):
    """A model version to run beside the champion, or to go on with; guards are a canary's."""

    model_version = serializers.UUIDField()
    variant = serializers.ChoiceField(choices=Challenger.Variant)
    share_percent = serializers.IntegerField(min_value=1, max_value=100)
    least_answers = serializers.IntegerField(min_value=5, required=False)
    most_failing_percent = serializers.FloatField(min_value=0, max_value=100, required=False)
    most_latency_ratio = serializers.FloatField(min_value=1, required=False)
    least_agreement_percent = serializers.FloatField(min_value=0, max_value=100, required=False)


class Moment(StrictSerializer):
    """A moment that is asked about."""

    at = serializers.DateTimeField(help_text="ISO 8601.")


class AgreementSerializer(serializers.Serializer):
    """Of how many inputs both variants named the same class; no share below 20 of them."""

    n = serializers.IntegerField()
    agreeing = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.SerializerMethodField(help_text="95 % Wilson interval.")
    high = serializers.SerializerMethodField()

    def get_low(self, seen) -> float | None:
        return seen.interval and seen.interval[0]

    def get_high(self, seen) -> float | None:
        return seen.interval and seen.interval[1]


class ReadingSerializer(serializers.Serializer):
    """What one guard of a canary sees; `trips` is null until there is enough to say."""

    key = serializers.CharField()
    words = serializers.CharField()
    trips = serializers.BooleanField(allow_null=True)


class ChallengerSerializer(serializers.ModelSerializer):
    """One entry of what ran beside the champion."""

    model_version = VersionInPlaceSerializer(read_only=True)
    by = serializers.CharField(source="created_by_label", read_only=True)

    class Meta:
        model = Challenger
        fields = [
            "id",
            "number",
            "model_version",
            "variant",
            "share_percent",
            "state",
            "cause",
            "live_at",
            "ended_at",
            *Challenger.GUARDS,
            "by",
            "created_at",
        ]


class ChallengerInFullSerializer(ChallengerSerializer):
    """One entry with what was compared, and what its guards see while it answers clients."""

    agreement = serializers.SerializerMethodField()
    failures = serializers.SerializerMethodField(help_text="Requests it could not answer.")
    guards = serializers.SerializerMethodField()

    class Meta(ChallengerSerializer.Meta):
        fields = [*ChallengerSerializer.Meta.fields, "agreement", "failures", "guards"]

    def get_agreement(self, challenger) -> AgreementSerializer:
        return AgreementSerializer(comparing.agreement(challenger)).data

    def get_failures(self, challenger) -> int:
        return challenger.failures.count()

    def get_guards(self, challenger) -> ReadingSerializer(many=True):
        watched = challenger.is_canary and challenger.state == Challenger.State.LIVE
        return ReadingSerializer(guards.read(challenger) if watched else [], many=True).data


class DisagreementSerializer(serializers.ModelSerializer):
    """An input on which the variants named different classes: what the client was answered, and
    what the other variant said."""

    prediction = PredictionSerializer(read_only=True)
    model_version = serializers.IntegerField(source="model_version.number", read_only=True)
    model_version_id = serializers.UUIDField(read_only=True)
    scores = serializers.SerializerMethodField()

    class Meta:
        model = ShadowAnswer
        fields = [
            "id",
            "at",
            "prediction",
            "label",
            "score",
            "scores",
            "model_version",
            "model_version_id",
            "latency_ms",
        ]

    def get_scores(self, answer) -> dict[str, float]:
        return dict(zip(answer.model_version.classes, answer.scores, strict=True))


class CanaryAtSerializer(serializers.Serializer):
    """A canary and its share of the requests."""

    model_version = VersionInPlaceSerializer()
    share_percent = serializers.IntegerField()


class AnsweredSerializer(serializers.Serializer):
    """What answered at a moment: the champion's version, and a canary's beside it."""

    at = serializers.DateTimeField()
    model_version = VersionInPlaceSerializer(allow_null=True)
    canary = CanaryAtSerializer(allow_null=True)


class VersionShareSerializer(serializers.Serializer):
    """How many answers a model version gave."""

    model_version = serializers.IntegerField()
    n = serializers.IntegerField()


class PulseSerializer(serializers.Serializer):
    """The last minute as the inference processes counted it."""

    processes = serializers.IntegerField(help_text="that answered for this")
    window_seconds = serializers.IntegerField()
    statuses = serializers.DictField(child=serializers.IntegerField())
    waiting = serializers.IntegerField()
    queue_at_most = serializers.IntegerField()
    runs = serializers.IntegerField()
    images_a_run = serializers.FloatField(allow_null=True)


class NowSerializer(serializers.Serializer):
    """What an endpoint does right now; a percentile is null below its least n."""

    window_seconds = serializers.IntegerField()
    n = serializers.IntegerField()
    answers_a_second = serializers.FloatField()
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)
    p99_ms = serializers.FloatField(allow_null=True)
    by_version = VersionShareSerializer(many=True)
    data_plane = PulseSerializer(allow_null=True, help_text="null while it does not answer.")
