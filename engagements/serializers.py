"""What the API takes and gives of engagements."""

from rest_framework import serializers

from engagements import timeline
from engagements.models import Engagement, EngagementTemplate, Requirement, TimelineEntry
from engagements.phases import Phase
from lepton.lib.schema import ProblemSerializer
from lepton.lib.strict import StrictSerializer


class RequirementSerializer(serializers.ModelSerializer):
    """One version of what was asked for."""

    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Requirement
        fields = ["version", "need", "task_type", "classes", "metric", "target"]
        fields += ["created_by", "created_at"]


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


class EngagementSerializer(serializers.ModelSerializer):
    """An engagement and the phase it is in."""

    account_manager = serializers.CharField(allow_null=True)
    phases = serializers.ListField(child=serializers.ChoiceField(choices=Phase.choices))
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Engagement
        fields = ["id", "name", "summary", "phase", "phase_since", "days_in_phase", "iteration"]
        fields += ["phases", "account_manager", "created_by", "created_at"]


class EngagementDetailSerializer(EngagementSerializer):
    """An engagement with the requirement that stands."""

    requirement = RequirementSerializer(allow_null=True)

    class Meta(EngagementSerializer.Meta):
        fields = [*EngagementSerializer.Meta.fields, "requirement"]


class NewEngagementSerializer(StrictSerializer):
    """An engagement to open; the requirement can follow later."""

    name = serializers.CharField(max_length=120)
    summary = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    requirement = NewRequirementSerializer(required=False)
    template = serializers.SlugRelatedField(
        slug_field="key",
        queryset=EngagementTemplate.objects.filter(retired_at=None),
        required=False,
        help_text="The key of a template; without one the whole loop, and nothing is planned.",
    )


class AdvanceSerializer(StrictSerializer):
    """The phase to move to: the one that follows."""

    to = serializers.ChoiceField(choices=Phase.choices)


class UnmetSerializer(serializers.Serializer):
    """A check that holds the engagement up."""

    check = serializers.CharField()
    title = serializers.CharField()
    words = serializers.CharField()
    url = serializers.CharField(allow_blank=True)


class GateProblemSerializer(ProblemSerializer):
    """A refused move: `unmet` names each check, and is missing if somebody else just moved it."""

    unmet = UnmetSerializer(many=True, required=False)


class TimelineEntrySerializer(serializers.ModelSerializer):
    """Something that happened, in words and as data."""

    actor = serializers.CharField(source="actor_label")
    text = serializers.SerializerMethodField()

    class Meta:
        model = TimelineEntry
        fields = ["id", "at", "actor", "kind", "params", "text", "url"]

    def get_text(self, entry) -> str:
        return timeline.told(entry)["text"]
