"""API of gates, waivers and the gates that were passed."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import acceptance_serializers as serializers
from engagements import gates, pages
from engagements import waivers as services
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Gates"]


@extend_schema(
    operation_id="gate_read",
    tags=TAGS,
    responses=responses(serializers.GateSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def gate(request, engagement):
    """Read the gate of the present phase: each check with what it finds now."""
    found = gates.look(pages.engagement_of(engagement))
    return Response(serializers.GateSerializer(found).data)


@listed("waiver", serializers.WaiverSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="waiver_request",
    tags=TAGS,
    description="Ask to pass over an unmet check; it holds once somebody else grants it. To let a"
    " model version without a pass into production, name it (`engagements.candidate`).",
    request=serializers.NewWaiverSerializer,
    responses=responses({201: serializers.WaiverSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.ENGAGE)
def waivers(request, engagement):
    """List the waivers, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        return paged(request, found.waivers.all(), serializers.WaiverSerializer)
    wanted = valid(serializers.NewWaiverSerializer, request.data)
    wanted["candidate_id"] = wanted.pop("model_version", None)
    asked = services.request_waiver(found, **wanted, by=request.actor)
    return Response(serializers.WaiverSerializer(asked).data, status=201)


@extend_schema(
    operation_id="waiver_grant",
    tags=TAGS,
    request=None,
    responses=responses(serializers.WaiverSerializer, 400, 403, 404, 409),
)
@api_view(["POST"])
@member_api(Capability.ENGAGE)
def grant_waiver(request, engagement, waiver):
    """Grant what somebody else asked for."""
    found = get_object_or_404(pages.engagement_of(engagement).waivers, pk=waiver)
    granted = services.grant_waiver(found, by=request.actor)
    return Response(serializers.WaiverSerializer(granted).data)


@listed("phase_record", serializers.PhaseRecordSerializer, tags=TAGS)
@api_view(["GET"])
@member_api()
def phase_records(request, engagement):
    """List the gates that were passed, newest first, each with the evidence kept of it."""
    records = pages.engagement_of(engagement).phase_records.all()
    return paged(request, records, serializers.PhaseRecordSerializer)
