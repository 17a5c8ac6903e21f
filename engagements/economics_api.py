"""API of money, for the vendor's people only: everybody else gets 404."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from engagements import economics as reckoning
from engagements import economics_serializers as serializers
from engagements import pages, rates
from engagements import staff_time as services
from engagements.models import RateCard
from engagements.vendor import for_managers_api, staff_api, vendor_api
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Economics"]


@listed("rate_card", serializers.RateCardSerializer, tags=TAGS, refusals=(404,))
@extend_schema(
    methods=["POST"],
    operation_id="rate_card_issue",
    tags=TAGS,
    description="Issue the next rate card; account managers only.",
    request=serializers.NewRateCardSerializer,
    responses=responses({201: serializers.RateCardSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@staff_api
@for_managers_api
def rate_cards(request):
    """List the vendor's rate cards, newest first."""
    if request.method == "GET":
        cards = RateCard.objects.select_related("created_by")
        return paged(request, cards, serializers.RateCardSerializer, ordering="-number")
    wanted = valid(serializers.NewRateCardSerializer, request.data)
    card = rates.issue_rate_card(**wanted, by=request.user)
    return Response(serializers.RateCardSerializer(card).data, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="economics_read",
    tags=TAGS,
    responses=responses(serializers.EconomicsSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="economics_set",
    tags=TAGS,
    description="Set budget, price or rate card; account managers only.",
    request=serializers.EconomicsChangeSerializer,
    responses=responses(serializers.EconomicsSerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PATCH"])
@vendor_api
@for_managers_api
def economics(request, engagement):
    """Read what an engagement used and cost, line by line."""
    found = pages.engagement_of(engagement)
    if request.method == "PATCH":
        wanted = valid(serializers.EconomicsChangeSerializer, request.data)
        found = rates.set_economics(found, **wanted, by=request.actor)
    return Response(serializers.EconomicsSerializer(reckoning.compute(found)).data)


@listed("staff_time", serializers.StaffTimeSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="staff_time_record",
    tags=TAGS,
    request=serializers.NewStaffTimeSerializer,
    responses=responses({201: serializers.StaffTimeSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@vendor_api
def staff_times(request, engagement):
    """List the hours of staff, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = found.staff_times.select_related("person")
        return paged(request, rows, serializers.StaffTimeSerializer)
    wanted = valid(serializers.NewStaffTimeSerializer, request.data)
    row = services.record_hours(found, **wanted, by=request.actor)
    return Response(serializers.StaffTimeSerializer(row).data, status=201)


@extend_schema(
    operation_id="staff_time_remove", tags=TAGS, responses=responses(None, 400, 403, 404)
)
@api_view(["DELETE"])
@vendor_api
def staff_time(request, engagement, staff_time):
    """Remove hours noted by mistake."""
    row = get_object_or_404(pages.engagement_of(engagement).staff_times, pk=staff_time)
    services.remove_hours(row, by=request.actor)
    return Response(status=204)
