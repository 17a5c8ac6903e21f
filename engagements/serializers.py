"""What the API takes and gives of engagements."""

from rest_framework import serializers

from engagements import timeline
from engagements.models import Engagement, EngagementTemplate, TimelineEntry
from engagements.phases import Phase
from engagements.requirement_serializers import NewRequirementSerializer, RequirementSerializer
from lepton.lib.schema import ProblemSerializer
from lepton.lib.strict import StrictSerializer


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
