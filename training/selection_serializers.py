"""What the API says about measured backbones, recommendations and choices."""

from rest_framework import serializers

from lepton.lib.strict import StrictSerializer
from training.engine import backbones
from training.models import BackboneMeasurement, ModelSelection
from training.models.run import TRAINED


class MeasurementSerializer(serializers.ModelSerializer):
    """What a backbone was measured to need on this host."""

    class Meta:
        model = BackboneMeasurement
        fields = ["host", "device", "runtime", "pretrained", "parameters", "multiply_adds"]
        fields += ["memory_bytes", "latency_ms", "latency_p95_ms", "images", "at"]


class RecommendationSerializer(serializers.Serializer):
    """What to begin with, and why; `measured` says whether its latency was measured here."""

    backbone = serializers.CharField()
    title = serializers.CharField()
    method = serializers.CharField()
    method_title = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    measured = serializers.BooleanField()


class SelectionSerializer(serializers.ModelSerializer):
    """A choice, beside what was recommended then."""

    recommended = serializers.DictField()
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = ModelSelection
        fields = ["id", "iteration", "backbone", "method", "reason", "recommended"]
        fields += ["created_by", "created_at"]


class NewSelectionSerializer(StrictSerializer):
    """The network and method to work with from now on, and why."""

    backbone = serializers.ChoiceField(choices=list(backbones.CATALOGUE))
    method = serializers.ChoiceField(choices=TRAINED)
    reason = serializers.CharField(max_length=2000)
