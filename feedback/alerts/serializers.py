"""What the API takes and gives of alerts and their rules."""

from rest_framework import serializers

from accounts.models import User
from feedback.alerts import words
from feedback.models import Alert, AlertRule
from lepton.lib.strict import StrictSerializer

OWNER = {"queryset": User.objects.all(), "required": False, "allow_null": True}


class NewRuleSerializer(StrictSerializer):
    """A metric to watch."""

    metric = serializers.ChoiceField(choices=AlertRule.Metric.choices)
    test = serializers.ChoiceField(choices=AlertRule.Test.choices)
    threshold = serializers.FloatField(
        required=False, help_text="Shares from 0 to 1, latency in ms; drift has none."
    )
    window_minutes = serializers.IntegerField(required=False, min_value=5, max_value=43_200)
    minimum_n = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    hold_minutes = serializers.IntegerField(required=False, min_value=0, max_value=1440)
    severity = serializers.ChoiceField(choices=AlertRule.Severity.choices, required=False)
    owner = serializers.PrimaryKeyRelatedField(**OWNER, help_text="The id of who is mailed.")
    runbook_url = serializers.URLField(required=False, allow_blank=True, max_length=500)


class RuleChangesSerializer(StrictSerializer):
    """What of a rule is to change."""

    test = serializers.ChoiceField(choices=AlertRule.Test.choices, required=False)
    threshold = serializers.FloatField(required=False)
    window_minutes = serializers.IntegerField(required=False, min_value=5, max_value=43_200)
    minimum_n = serializers.IntegerField(required=False, min_value=0, max_value=1_000_000)
    hold_minutes = serializers.IntegerField(required=False, min_value=0, max_value=1440)
    severity = serializers.ChoiceField(choices=AlertRule.Severity.choices, required=False)
    owner = serializers.PrimaryKeyRelatedField(**OWNER)
    runbook_url = serializers.URLField(required=False, allow_blank=True, max_length=500)
    is_active = serializers.BooleanField(required=False)


class SilenceSerializer(StrictSerializer):
    """Until when nothing of a rule fires; null ends the silence."""

    until = serializers.DateTimeField(allow_null=True)


class RuleSerializer(serializers.ModelSerializer):
    """A rule, in words too, and what its last evaluation found."""

    said = serializers.SerializerMethodField(help_text="The rule as a sentence.")
    found = serializers.CharField(source="words")
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = AlertRule
        fields = ["id", "metric", "test", "threshold", "window_minutes", "minimum_n"]
        fields += ["hold_minutes", "severity", "owner", "runbook_url", "silenced_until"]
        fields += ["is_active", "said", "found", "evaluated_at", "created_by", "created_at"]

    def get_said(self, rule) -> str:
        return words.rule(rule)


class AlertSerializer(serializers.ModelSerializer):
    """A rule that was met."""

    metric = serializers.CharField(source="rule.metric")
    severity = serializers.CharField(source="rule.severity")
    acknowledged_by = serializers.CharField(
        source="acknowledged_by.actor_label", default=None, allow_null=True
    )

    class Meta:
        model = Alert
        fields = ["id", "rule", "metric", "severity", "state", "words", "evidence"]
        fields += ["pending_at", "fired_at", "acknowledged_at", "acknowledged_by", "resolved_at"]
