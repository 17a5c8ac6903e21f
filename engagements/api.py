"""API of engagements, their requirements and their timeline."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages, serializers, services
from engagements.models import Engagement
from engagements.privacy import side_of
from lepton.lib.paging import paged
from lepton.lib.problems import CONTENT_TYPE
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

ENGAGE = Capability.ENGAGE


@listed("engagement", serializers.EngagementSerializer, tags=["Engagements"])
@extend_schema(
    methods=["POST"],
    operation_id="engagement_open",
    tags=["Engagements"],
    request=serializers.NewEngagementSerializer,
    responses=responses({201: serializers.EngagementDetailSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=ENGAGE)
def engagements(request):
    """List the tenant's engagements."""
    if request.method == "GET":
        found = Engagement.objects.for_lists()
        return paged(request, found, serializers.EngagementSerializer)
    wanted = valid(serializers.NewEngagementSerializer, request.data)
    made = services.open_with_requirement(
        wanted["name"],
        summary=wanted["summary"],
        by=request.actor,
        requirement=wanted.get("requirement"),
        template=wanted.get("template"),
    )
    return Response(serializers.EngagementDetailSerializer(made).data, status=201)


@extend_schema(
    operation_id="engagement_read",
    tags=["Engagements"],
    responses=responses(serializers.EngagementDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def engagement(request, engagement):
    """Read one engagement with the requirement that stands."""
    found = pages.engagement_of(engagement)
    return Response(serializers.EngagementDetailSerializer(found).data)


@listed("requirement", serializers.RequirementSerializer, tags=["Engagements"])
@extend_schema(
    methods=["POST"],
    operation_id="requirement_write",
    tags=["Engagements"],
    description="Write the next version; earlier ones stay as they were.",
    request=serializers.NewRequirementSerializer,
    responses=responses({201: serializers.RequirementSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=ENGAGE)
def requirements(request, engagement):
    """List the versions of the requirement, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        versions = found.requirements.all()
        return paged(request, versions, serializers.RequirementSerializer, ordering="-version")
    wanted = valid(serializers.NewRequirementSerializer, request.data)
    written = services.write_requirement(found, **wanted, by=request.actor)
    return Response(serializers.RequirementSerializer(written).data, status=201)


@extend_schema(
    operation_id="engagement_advance",
    tags=["Engagements"],
    request=serializers.AdvanceSerializer,
    description="Refused with 409 while the gate has an unmet check; `unmet` names each.",
    responses=responses(serializers.EngagementDetailSerializer, 400, 403, 404, 415)
    | {(409, CONTENT_TYPE): serializers.GateProblemSerializer},
)
@api_view(["POST"])
@member_api(ENGAGE)
def advance(request, engagement):
    """Move to the phase that follows; after the last one the next iteration begins."""
    found = pages.engagement_of(engagement)
    wanted = valid(serializers.AdvanceSerializer, request.data)
    moved = services.advance(found, to=wanted["to"], by=request.actor)
    return Response(serializers.EngagementDetailSerializer(moved).data)


@listed("timeline", serializers.TimelineEntrySerializer, tags=["Engagements"])
@api_view(["GET"])
@member_api()
def timeline(request, engagement):
    """List what happened, newest first."""
    entries = pages.engagement_of(engagement).timeline.for_side(side_of(request))
    return paged(request, entries, serializers.TimelineEntrySerializer, ordering="-at")
