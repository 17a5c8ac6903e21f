"""What the API takes and gives of the plan."""

from rest_framework import serializers

from engagements.models import (
    ActionItem,
    Decision,
    Document,
    EngagementTemplate,
    Milestone,
    Rating,
    Side,
)
from engagements.phases import Phase
from lepton.lib import media
from lepton.lib.strict import StrictSerializer

PLANNED = ["id", "iteration", "phase", "title", "is_private", "created_by", "created_at"]


class PlannedSerializer(serializers.ModelSerializer):
    """What stands in a plan; whether it is private is told to the vendor alone."""

    created_by = serializers.CharField(source="created_by_label")

    def to_representation(self, row):
        data = super().to_representation(row)
        if self.context.get("side") == Side.CUSTOMER:
            data.pop("is_private", None)
        return data

    def get_fields(self):
        fields = super().get_fields()
        if "is_private" in fields:
            fields["is_private"].required = False  # left out for the customer
            fields["is_private"].read_only = False
        return fields


class ActionItemSerializer(PlannedSerializer):
    """Something a side has to do; `needs` are the ids of what has to be done before it."""

    assignee = serializers.UUIDField(source="assignee_id", allow_null=True)
    needs = serializers.SerializerMethodField()

    class Meta:
        model = ActionItem
        fields = [*PLANNED, "detail", "side", "is_required", "assignee", "due_on", "is_overdue"]
        fields += ["needs", "done_at", "done_by_label", "dropped_at", "dropped_reason"]

    def get_needs(self, item) -> list[str]:
        seen = self.context.get("side") != Side.CUSTOMER
        return [str(one.pk) for one in item.needs.all() if seen or not one.is_private]


class NewActionItemSerializer(StrictSerializer):
    """An action item to plan; in the engagement's present phase unless it says another."""

    title = serializers.CharField(max_length=200)
    side = serializers.ChoiceField(choices=Side.choices)
    phase = serializers.ChoiceField(choices=Phase.choices, required=False)
    detail = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    is_private = serializers.BooleanField(required=False)
    is_required = serializers.BooleanField(required=False)
    assignee = serializers.UUIDField(required=False, allow_null=True, help_text="A user's id.")
    due_on = serializers.DateField(required=False, allow_null=True)
    needs = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=50, help_text="Ids of items."
    )


class ChangeActionItemSerializer(NewActionItemSerializer):
    """What to change of an open action item; what is left out stays."""

    title = serializers.CharField(max_length=200, required=False)
    side = serializers.ChoiceField(choices=Side.choices, required=False)


class ReasonSerializer(StrictSerializer):
    """Why."""

    reason = serializers.CharField(max_length=500)


class RatingSerializer(serializers.ModelSerializer):
    """How satisfied somebody was."""

    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Rating
        fields = ["id", "score", "comment", "created_by", "created_at"]


class NewRatingSerializer(StrictSerializer):
    """From 1 (not at all satisfied) to 5 (very)."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class MilestoneSerializer(PlannedSerializer):
    """A date to look forward to, with how it was rated once it was reached."""

    ratings = RatingSerializer(many=True)

    class Meta:
        model = Milestone
        fields = [*PLANNED, "due_on", "reached_at", "reached_by_label", "ratings"]


class NewMilestoneSerializer(StrictSerializer):
    """A milestone to set."""

    title = serializers.CharField(max_length=200)
    phase = serializers.ChoiceField(choices=Phase.choices, required=False)
    due_on = serializers.DateField(required=False, allow_null=True)
    is_private = serializers.BooleanField(required=False)


class DocumentSerializer(PlannedSerializer):
    """A file of the engagement; `url` opens it for five minutes, None once it was removed."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Document
        fields = [*PLANNED, "file_name", "content_type", "size_bytes", "sha256", "removed_at"]
        fields += ["url"]

    def get_url(self, document) -> str | None:
        if document.removed_at:
            return None
        return media.signed_url(document.storage_key, save_as=document.file_name)


class NewDocumentSerializer(StrictSerializer):
    """A file to add, as multipart form data."""

    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    file = serializers.FileField()
    is_private = serializers.BooleanField(required=False, default=False)


class DecisionSerializer(PlannedSerializer):
    """What was decided, why, and which earlier decision it replaces."""

    replaces = serializers.UUIDField(source="replaces_id", allow_null=True)

    class Meta:
        model = Decision
        fields = [*PLANNED, "reason", "replaces"]


class NewDecisionSerializer(StrictSerializer):
    """A decision to keep."""

    title = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=4000)
    replaces = serializers.UUIDField(required=False, allow_null=True)
    is_private = serializers.BooleanField(required=False)


class TemplateSerializer(serializers.ModelSerializer):
    """A type of engagement, known by its key."""

    phases = serializers.ListField(child=serializers.ChoiceField(choices=Phase.choices))

    class Meta:
        model = EngagementTemplate
        fields = ["key", "name", "description", "phases"]
