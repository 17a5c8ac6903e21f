"""What the API takes and gives of webhooks and deliveries."""

from rest_framework import serializers

from engagements.models import Delivery, DeliveryAttempt, Webhook
from engagements.webhooks.kinds import KINDS
from engagements.webhooks.sending import payload
from lepton.lib.strict import StrictSerializer

EVENTS = list(KINDS.items())


class WebhookSerializer(serializers.ModelSerializer):
    """An address that is told of events, without its secret."""

    events = serializers.ListField(child=serializers.CharField())
    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = Webhook
        fields = ["id", "url", "description", "events", "is_active", "created_by", "created_at"]


class WebhookWithSecretSerializer(WebhookSerializer):
    """A webhook with a new secret: the only answer that holds it."""

    secret = serializers.SerializerMethodField(help_text="Shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]

    def get_secret(self, webhook) -> str:
        return self.context["secret"]


class NewWebhookSerializer(StrictSerializer):
    """Where to send what."""

    url = serializers.URLField(max_length=500)
    description = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS), min_length=1, max_length=len(EVENTS)
    )


class WebhookChangesSerializer(StrictSerializer):
    """What to change of a webhook; is_active pauses and resumes it."""

    url = serializers.URLField(max_length=500, required=False)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=EVENTS),
        min_length=1,
        max_length=len(EVENTS),
        required=False,
    )
    is_active = serializers.BooleanField(required=False)


class RotateSecretSerializer(StrictSerializer):
    """How long the old secret goes on signing beside the new one: a day if not said."""

    old_works_until = serializers.DateTimeField(required=False)


class AttemptSerializer(serializers.ModelSerializer):
    """What a webhook answered once; no status means that there was no answer."""

    class Meta:
        model = DeliveryAttempt
        fields = ["number", "at", "status_code", "words", "duration_ms"]


class DeliverySerializer(serializers.ModelSerializer):
    """One event on its way to a webhook, with every attempt."""

    webhook_id = serializers.CharField(source="event.message_id", help_text="As in the header.")
    payload = serializers.SerializerMethodField()
    tries = AttemptSerializer(many=True)

    class Meta:
        model = Delivery
        fields = ["id", "webhook_id", "state", "attempts", "created_at", "next_attempt_at"]
        fields += ["delivered_at", "payload", "tries"]

    def get_payload(self, delivery) -> dict:
        return payload(delivery.event)
