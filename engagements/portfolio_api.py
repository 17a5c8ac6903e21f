"""API above the tenants, for the vendor's people: all engagements, the portfolio, what is asked."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.models import User
from engagements import asks as asking
from engagements import desk, forms
from engagements.desk_api import TAGS, AskSerializer, StandingSerializer
from engagements.serializers import EngagementSerializer
from engagements.vendor import portfolio_api
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import StrictSerializer, valid


class ListedEngagementSerializer(EngagementSerializer):
    """An engagement of any tenant, with how it stands."""

    tenant = serializers.CharField(source="tenant.slug")
    standing = StandingSerializer(allow_null=True, default=None)

    class Meta(EngagementSerializer.Meta):
        fields = ["tenant", *EngagementSerializer.Meta.fields, "standing"]


class NarrowedSerializer(StrictSerializer):
    """What the list is narrowed to, and its order."""

    text = serializers.CharField(required=False, max_length=100, default="")
    phase = serializers.ChoiceField(required=False, choices=forms.Phase.choices, default="")
    state = serializers.ChoiceField(required=False, choices=list(desk.STATES), default="")
    sort = serializers.ChoiceField(required=False, choices=list(desk.SORTS), default="newest")
    manager = serializers.SlugRelatedField(
        required=False, slug_field="email", queryset=User.objects.account_managers(), default=None
    )


class PortfolioSerializer(serializers.Serializer):
    """How the engagements do as a whole; null where nothing was measured."""

    engagements = serializers.IntegerField(source="totals.n")
    mean_health = serializers.FloatField(source="totals.health", allow_null=True)
    mean_satisfaction = serializers.FloatField(source="totals.satisfaction", allow_null=True)
    ratings = serializers.IntegerField(source="totals.ratings")
    blocked = serializers.IntegerField(source="totals.blocked")
    customer_overdue = serializers.IntegerField(source="totals.overdue")
    by_phase = serializers.SerializerMethodField()
    mean_lead_seconds = serializers.SerializerMethodField()

    def get_by_phase(self, found) -> dict[str, int]:
        return {one["phase"]: one["n"] for one in found["by_phase"]}

    def get_mean_lead_seconds(self, found) -> float | None:
        led = [one["round"].facts["lead_seconds"] for one in found["led"]]
        return sum(led) / len(led) if led else None


class AnyAskSerializer(AskSerializer):
    """Something that an engagement of any tenant needs now."""

    tenant = serializers.CharField(source="engagement.tenant.slug")
    engagement = serializers.UUIDField(source="engagement_id")
    text = serializers.SerializerMethodField()

    def get_text(self, ask) -> str:
        return asking.sentence(ask)


@extend_schema(
    operation_id="portfolio_engagement_list",
    tags=TAGS,
    parameters=[NarrowedSerializer, *PAGE_PARAMETERS],
    responses=responses(page_of(ListedEngagementSerializer), 400, 404),
)
@api_view(["GET"])
@portfolio_api
def engagements(request):
    """List the engagements of all tenants with how they stand."""
    given = {k: v for k, v in request.query_params.items() if k not in ("cursor", "limit")}
    wanted = valid(NarrowedSerializer, given)
    order = desk.SORTS[wanted.pop("sort")]
    return paged(request, desk.listed(**wanted), ListedEngagementSerializer, ordering=order)


@extend_schema(
    operation_id="portfolio_read", tags=TAGS, responses=responses(PortfolioSerializer, 404)
)
@api_view(["GET"])
@portfolio_api
def portfolio(request):
    """Read how the engagements do as a whole."""
    return Response(PortfolioSerializer(desk.portfolio()).data)


@listed("portfolio_ask", AnyAskSerializer, tags=TAGS, refusals=(404,))
@api_view(["GET"])
@portfolio_api
def asks(request):
    """List what all engagements ask of the caller, what has waited longest first."""
    found = asking.asks_for(request.user).order_by()
    return paged(request, found, AnyAskSerializer, ordering="since")
