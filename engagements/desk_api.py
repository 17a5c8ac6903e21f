"""API of the desk: what is asked of the caller, and how an engagement stands."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.models import User
from engagements import asks, desk, health, pages
from engagements.models import Ask, Side, Standing
from engagements.privacy import side_of
from engagements.vendor import vendor_api
from lepton.lib.schema import responses

TAGS = ["Desk"]


class AskSerializer(serializers.Serializer):
    """Something an engagement needs now, in words."""

    kind = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField()
    side = serializers.ChoiceField(choices=Side.choices)
    due_on = serializers.DateField(allow_null=True)


class HealthInputSerializer(serializers.Serializer):
    """One input of health: how good it is, from 0 to 1, or null where it was not measured."""

    key = serializers.CharField()
    title = serializers.CharField()
    weight = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True)
    words = serializers.CharField()
    evidence = serializers.DictField(help_text="The numbers the score was computed from.")


class HealthSerializer(serializers.Serializer):
    """Health from 0 to 100: 100 · Σ weight · score / Σ weight over the measured inputs."""

    health = serializers.DecimalField(max_digits=4, decimal_places=1, allow_null=True)
    inputs = HealthInputSerializer(many=True)


class StandingSerializer(serializers.ModelSerializer):
    """How an engagement stands, as it was last computed from its rows."""

    metric = serializers.DictField(
        allow_null=True, help_text="{label, value, low, high, n, target} of the newest figure."
    )

    class Meta:
        model = Standing
        fields = ["refreshed_at", "blocking_key", "blocking_words", "unmet", "health", "metric"]
        fields += ["overdue_vendor", "overdue_customer", "cost_cents", "satisfaction"]


@extend_schema(
    operation_id="ask_list", tags=TAGS, responses=responses(AskSerializer(many=True), 403, 404)
)
@api_view(["GET"])
@member_api()
def asks_of(request, engagement):
    """List what the engagement asks of the caller: by name, or of anybody of their side."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    if isinstance(request.actor, User):
        found = asks.asks_for(request.actor, side)
    else:
        found = Ask.objects.for_lists().filter(user=None, side=side)
    told = [desk.told(one) for one in found.filter(engagement=engagement)[:200]]
    return Response(AskSerializer(told, many=True).data)


@extend_schema(
    operation_id="health_read", tags=TAGS, responses=responses(HealthSerializer, 403, 404)
)
@api_view(["GET"])
@vendor_api
def health_of(request, engagement):
    """Read the health with its inputs as they are now; for the vendor only."""
    inputs = health.look(pages.engagement_of(engagement))
    facts = {"health": health.score(inputs), "inputs": inputs}
    return Response(HealthSerializer(facts).data)
