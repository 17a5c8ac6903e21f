"""What the API takes and gives of tickets."""

from rest_framework import serializers

from accounts.models import User
from engagements.response import Severity
from feedback.tickets.models import Ticket, TicketMessage
from lepton.lib.strict import StrictSerializer


class TicketSerializer(serializers.ModelSerializer):
    """Something the customer needs help with."""

    engagement = serializers.UUIDField(source="engagement_id")
    prediction = serializers.UUIDField(source="prediction_id", allow_null=True)
    model_version = serializers.UUIDField(source="model_version_id", allow_null=True)
    assignee = serializers.CharField(allow_null=True)
    created_by = serializers.CharField(source="created_by_label")
    is_overdue = serializers.BooleanField()

    class Meta:
        model = Ticket
        fields = ["id", "engagement", "number", "subject", "severity", "state", "assignee"]
        fields += ["prediction", "model_version", "created_by", "created_at", "first_due_at"]
        fields += ["first_response_at", "answer_due_at", "is_overdue", "resolved_at"]


class QueuedTicketSerializer(TicketSerializer):
    """A ticket of any tenant."""

    tenant = serializers.CharField(source="tenant.slug")

    class Meta(TicketSerializer.Meta):
        fields = ["tenant", *TicketSerializer.Meta.fields]


class MessageSerializer(serializers.ModelSerializer):
    """What somebody said in a ticket."""

    created_by = serializers.CharField(source="created_by_label")
    document = serializers.UUIDField(source="document_id", allow_null=True)

    class Meta:
        model = TicketMessage
        fields = ["id", "side", "text", "via", "document", "created_by", "created_at"]


class VendorMessageSerializer(MessageSerializer):
    """The same as the vendor's people see it: their own notes are among them."""

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "is_private"]


class NewTicketSerializer(StrictSerializer):
    """What one needs help with."""

    subject = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=20_000)
    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.NORMAL)
    prediction = serializers.UUIDField(required=False)
    model_version = serializers.UUIDField(required=False)


class NewMessageSerializer(StrictSerializer):
    """A message in a ticket."""

    text = serializers.CharField(max_length=20_000)
    is_private = serializers.BooleanField(default=False, help_text="For the vendor's people alone.")
    keeps_open = serializers.BooleanField(default=False, help_text="The vendor is still on it.")
    file = serializers.FileField(required=False)


class TriageSerializer(StrictSerializer):
    """How bad it is, and who of the vendor sees to it (by email)."""

    severity = serializers.ChoiceField(choices=Severity.choices, required=False)
    assignee = serializers.SlugRelatedField(
        slug_field="email",
        queryset=User.objects.filter(is_active=True).exclude(staff_role=""),
        required=False,
        allow_null=True,
    )


class HoursSerializer(StrictSerializer):
    """Hours until a first answer, by severity."""

    critical = serializers.IntegerField(min_value=1, required=False)
    high = serializers.IntegerField(min_value=1, required=False)
    normal = serializers.IntegerField(min_value=1, required=False)
    low = serializers.IntegerField(min_value=1, required=False)


class SupportSerializer(serializers.Serializer):
    """What is promised in an engagement, and how soon tickets were answered in 90 days."""

    hours = HoursSerializer()
    tickets = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Those whose first answer was due by now.")
    in_time = serializers.IntegerField()
    overdue = serializers.IntegerField(help_text="Wait longer than promised now.")
    first_response_hours = serializers.FloatField(allow_null=True, help_text="Median.")
    resolution_hours = serializers.FloatField(allow_null=True, help_text="Median.")
