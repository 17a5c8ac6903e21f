"""What the API takes and gives of requirements, changes of them, and measured data."""

from rest_framework import serializers

from engagements import requirement_words
from engagements.models import ChangeRequest, Requirement
from engagements.signoffs import REQUIREMENT_FIELDS, requirement_data
from lepton.lib.strict import StrictSerializer


def whole(**options):
    """A whole number that may be left open."""
    limits = {"min_value": 0, "max_value": 2_000_000_000}
    return serializers.IntegerField(required=False, allow_null=True, **limits | options)


def text(most):
    return serializers.CharField(required=False, allow_blank=True, max_length=most)


def shares(**options):
    """A share strictly between 0 and 1 per class."""
    child = serializers.FloatField(min_value=0, max_value=1)
    return serializers.DictField(child=child, **options)


class RequirementSerializer(serializers.ModelSerializer):
    """One version of what was asked for."""

    created_by = serializers.CharField(source="created_by_label")
    minimum_recalls = shares()
    stated_shares = shares()

    class Meta:
        model = Requirement
        fields = ["version", *REQUIREMENT_FIELDS, "created_by", "created_at"]


class NewRequirementSerializer(StrictSerializer):
    """The next version of a requirement."""

    need = serializers.CharField(max_length=4000)
    classes = serializers.ListField(
        child=serializers.CharField(max_length=80), min_length=2, max_length=1000
    )
    metric = serializers.ChoiceField(
        choices=Requirement.Metric.choices, default=Requirement.Metric.ACCURACY
    )
    target = serializers.DecimalField(
        max_digits=5, decimal_places=4, min_value=0, max_value=1, help_text="As in 0.92."
    )
    task_type = serializers.ChoiceField(
        choices=Requirement.TaskType.choices, default=Requirement.TaskType.IMAGE_CLASSIFICATION
    )
    business_process = text(4000)
    data_format = text(500)
    minimum_recalls = shares(required=False)
    false_positive_cents = whole()
    false_negative_cents = whole()
    review_cents = whole()
    p95_latency_ms = whole(min_value=1)
    volume_per_day = whole()
    sensitivity = serializers.ChoiceField(
        choices=Requirement.Sensitivity.choices, required=False, allow_blank=True
    )
    retention_days = whole()
    acceptance_owner = text(120)
    stated_images = whole()
    stated_shares = shares(required=False)


class NewChangeRequestSerializer(NewRequirementSerializer):
    """Why, and the fields that should change."""

    reason = serializers.CharField(max_length=2000)

    def get_fields(self):
        fields = super().get_fields()
        for name in ("need", "classes", "metric", "target", "task_type"):
            fields[name].required, fields[name].default = False, serializers.empty
        return fields


class FieldChangeSerializer(serializers.Serializer):
    """A field that differs, in words."""

    field = serializers.CharField()
    title = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class ChangeRequestSerializer(serializers.ModelSerializer):
    """A proposed change with what it changes, and what became of it."""

    proposed_by = serializers.CharField(source="created_by_label")
    based_on = serializers.IntegerField(source="based_on.version")
    result = serializers.IntegerField(source="result.version", allow_null=True, default=None)
    changes = serializers.SerializerMethodField()
    decided_by = serializers.CharField(source="decided_by_label")

    class Meta:
        model = ChangeRequest
        fields = ["id", "based_on", "side", "reason", "state", "changes", "proposed_by"]
        fields += ["created_at", "decided_by", "decided_at", "decision_reason", "result"]

    def get_changes(self, change) -> FieldChangeSerializer(many=True):
        rows = requirement_words.changes(requirement_data(change.based_on), change.proposed)
        return FieldChangeSerializer(rows, many=True).data


class DeclineSerializer(StrictSerializer):
    """Why a change is declined."""

    reason = serializers.CharField(max_length=2000)


class MeasuredSerializer(serializers.Serializer):
    """Figures of the newest dataset version; sizes are least, middle and greatest."""

    label = serializers.CharField()
    url = serializers.CharField()
    images = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    shares = serializers.DictField(child=serializers.FloatField())
    splits = serializers.DictField(child=serializers.IntegerField())
    sizes = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    file_types = serializers.DictField(child=serializers.IntegerField())
    outcomes = serializers.DictField(child=serializers.IntegerField())


class ComparedSerializer(serializers.Serializer):
    """Stated against measured, with the verdict in words."""

    what = serializers.CharField()
    stated = serializers.CharField(allow_blank=True)
    measured = serializers.CharField()
    verdict = serializers.CharField()
    fits = serializers.BooleanField()


class CharacteristicsSerializer(serializers.Serializer):
    """What was measured (null before there is data) and how it compares."""

    measured = MeasuredSerializer(allow_null=True)
    compared = ComparedSerializer(many=True)
