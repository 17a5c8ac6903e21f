"""API of change requests and of what was measured of the data."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import changes as services
from engagements import characteristics as data
from engagements import pages
from engagements import requirement_serializers as serializers
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Engagements"]
ENGAGE = Capability.ENGAGE
DECIDED = responses(serializers.ChangeRequestSerializer, 400, 403, 404, 409)


@listed("change_request", serializers.ChangeRequestSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="change_request_propose",
    tags=TAGS,
    description="Propose a change of a signed requirement; fields left out stay as they are.",
    request=serializers.NewChangeRequestSerializer,
    responses=responses({201: serializers.ChangeRequestSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=ENGAGE)
def change_requests(request, engagement):
    """List the changes that were proposed, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = found.change_requests.select_related("based_on", "result")
        return paged(request, rows, serializers.ChangeRequestSerializer)
    wanted = valid(serializers.NewChangeRequestSerializer, request.data)
    proposed = services.propose_change(found, **wanted, by=request.actor)
    return Response(serializers.ChangeRequestSerializer(proposed).data, status=201)


@extend_schema(operation_id="change_request_accept", tags=TAGS, request=None, responses=DECIDED)
@api_view(["POST"])
@member_api(ENGAGE)
def accept_change(request, engagement, change_request):
    """Accept what the other side proposes: it becomes the next version."""
    decided = services.accept_change(_change(engagement, change_request), by=request.actor)
    return Response(serializers.ChangeRequestSerializer(decided).data)


@extend_schema(
    operation_id="change_request_decline",
    tags=TAGS,
    request=serializers.DeclineSerializer,
    responses=responses(serializers.ChangeRequestSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(ENGAGE)
def decline_change(request, engagement, change_request):
    """Decline what the other side proposes."""
    found = _change(engagement, change_request)
    wanted = valid(serializers.DeclineSerializer, request.data)
    decided = services.decline_change(found, reason=wanted["reason"], by=request.actor)
    return Response(serializers.ChangeRequestSerializer(decided).data)


@extend_schema(operation_id="change_request_withdraw", tags=TAGS, request=None, responses=DECIDED)
@api_view(["POST"])
@member_api(ENGAGE)
def withdraw_change(request, engagement, change_request):
    """Withdraw what one's own side proposed."""
    decided = services.withdraw_change(_change(engagement, change_request), by=request.actor)
    return Response(serializers.ChangeRequestSerializer(decided).data)


@extend_schema(
    operation_id="characteristics_read",
    tags=TAGS,
    responses=responses(serializers.CharacteristicsSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def characteristics(request, engagement):
    """Read what was measured of the newest data, against what the requirement states."""
    found = pages.engagement_of(engagement)
    measured, requirement = data.measured(found), found.requirement
    rows = data.compared(requirement, measured) if measured and requirement else []
    answer = {"measured": measured, "compared": rows}
    return Response(serializers.CharacteristicsSerializer(answer).data)


def _change(engagement, pk):
    return get_object_or_404(pages.engagement_of(engagement).change_requests, pk=pk)
