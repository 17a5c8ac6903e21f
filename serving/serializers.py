"""What the API takes and gives for endpoints, deployments and predictions."""

from rest_framework import serializers

from accounts.models import slug_validator
from lepton.lib.strict import StrictSerializer
from serving.models import Deployment, Prediction
from training.models import ModelVersion


class CreateEndpoint(StrictSerializer):
    """A new endpoint."""

    engagement = serializers.UUIDField()
    slug = serializers.CharField(max_length=50, validators=[slug_validator])
    keeps_inputs = serializers.BooleanField(default=True)


class CreateDeployment(StrictSerializer):
    """A model version to put in place, by its id."""

    model_version = serializers.UUIDField()


class Nothing(StrictSerializer):
    """An empty body."""


class PredictionFilter(StrictSerializer):
    """What the list of predictions may be narrowed to."""

    endpoint = serializers.SlugField(required=False, help_text="An endpoint's address.")
    label = serializers.CharField(required=False, max_length=80, help_text="The answer given.")
    reference = serializers.CharField(
        required=False, max_length=200, help_text="The client's own reference."
    )
    since = serializers.DateTimeField(required=False, help_text="From this time on.")
    until = serializers.DateTimeField(required=False, help_text="Before this time.")
    score_from = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="The least confidence."
    )
    score_to = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="The greatest confidence."
    )
    client = serializers.UUIDField(required=False, help_text="Who asked: a key's or person's id.")
    model_version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="A model version's number."
    )
    cursor = serializers.CharField(required=False)
    limit = serializers.IntegerField(required=False)


class VersionInPlaceSerializer(serializers.ModelSerializer):
    """A model version, in short."""

    class Meta:
        model = ModelVersion
        fields = ["id", "number", "backbone", "method", "classes"]


class DeploymentSerializer(serializers.ModelSerializer):
    """One entry of an endpoint's history."""

    model_version = VersionInPlaceSerializer(read_only=True)
    by = serializers.CharField(source="created_by_label", read_only=True)

    class Meta:
        model = Deployment
        fields = [
            "id",
            "number",
            "model_version",
            "reason",
            "state",
            "cause",
            "live_at",
            "by",
            "created_at",
        ]


class EndpointSerializer(serializers.Serializer):
    """An endpoint and what answers there."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    engagement = serializers.UUIDField(source="engagement_id")
    keeps_inputs = serializers.BooleanField()
    url = serializers.SerializerMethodField(help_text="Where images are sent.")
    champion = DeploymentSerializer(allow_null=True, help_text="The deployment that answers.")
    created_at = serializers.DateTimeField()

    def get_url(self, endpoint) -> str:
        return self.context["request"].build_absolute_uri(endpoint.predict_path)


class PredictionSerializer(serializers.ModelSerializer):
    """One answered request."""

    endpoint = serializers.CharField(source="endpoint.slug", read_only=True)
    model_version = serializers.IntegerField(source="model_version.number", read_only=True)
    model_version_id = serializers.UUIDField(read_only=True)
    scores = serializers.SerializerMethodField()

    class Meta:
        model = Prediction
        fields = [
            "id",
            "endpoint",
            "at",
            "source",
            "reference",
            "label",
            "score",
            "scores",
            "model_version",
            "model_version_id",
            "latency_ms",
            "input_sha256",
        ]

    def get_scores(self, prediction) -> dict[str, float]:
        classes = prediction.model_version.classes
        return dict(zip(classes, prediction.scores, strict=True))
