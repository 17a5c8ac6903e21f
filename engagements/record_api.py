"""API of milestones, documents and decisions."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import documents as document_services
from engagements import milestones as services
from engagements import pages
from engagements import plan_serializers as shapes
from engagements.privacy import side_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Plan"]
ENGAGE, DATA = Capability.ENGAGE, Capability.DATA


@listed("milestone", shapes.MilestoneSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="milestone_add",
    tags=TAGS,
    request=shapes.NewMilestoneSerializer,
    responses=responses({201: shapes.MilestoneSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=ENGAGE)
def milestones(request, engagement):
    """List the milestones, newest first, with their ratings."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    if request.method == "GET":
        rows = engagement.milestones.for_side(side).prefetch_related("ratings")
        return paged(request, rows, shapes.MilestoneSerializer, side=side)
    wanted = valid(shapes.NewMilestoneSerializer, request.data)
    made = services.add_milestone(engagement, wanted.pop("title"), **wanted, by=request.actor)
    return _answer(shapes.MilestoneSerializer, made, side, status=201)


@extend_schema(
    operation_id="milestone_reach",
    tags=TAGS,
    request=None,
    responses=responses(shapes.MilestoneSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(ENGAGE)
def milestone_reach(request, engagement, milestone):
    """Note that it is reached."""
    side = side_of(request)
    rows = pages.engagement_of(engagement).milestones.for_side(side)
    reached = services.reach_milestone(get_object_or_404(rows, pk=milestone), by=request.actor)
    return _answer(shapes.MilestoneSerializer, reached, side)


@extend_schema(
    operation_id="milestone_rate",
    tags=TAGS,
    description="For members of the customer, each once a milestone.",
    request=shapes.NewRatingSerializer,
    responses=responses({201: shapes.RatingSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK)
def milestone_rate(request, engagement, milestone):
    """Say how satisfied one is with what was reached."""
    rows = pages.engagement_of(engagement).milestones.for_side(side_of(request))
    wanted = valid(shapes.NewRatingSerializer, request.data)
    row = get_object_or_404(rows, pk=milestone)
    rating = services.rate_milestone(row, **wanted, by=request.actor)
    return Response(shapes.RatingSerializer(rating).data, status=201)


@listed("document", shapes.DocumentSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="document_add",
    tags=TAGS,
    request={"multipart/form-data": shapes.NewDocumentSerializer},
    responses=responses({201: shapes.DocumentSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
@member_api(POST=DATA, scoped=False)
def documents(request, engagement):
    """List the documents, newest first, removed ones too."""
    with tenant_scope(request.tenant):
        engagement, side = pages.engagement_of(engagement), side_of(request)
        if request.method == "GET":
            rows = engagement.documents.for_side(side)
            return paged(request, rows, shapes.DocumentSerializer, side=side)
    wanted = valid(shapes.NewDocumentSerializer, request.data)
    tenant_id, title = engagement.tenant_id, wanted.pop("title")
    wanted["file"] = document_services.store(wanted["file"], tenant_id=tenant_id)
    with tenant_scope(request.tenant):
        made = document_services.add_document(engagement, title, **wanted, by=request.actor)
        return _answer(shapes.DocumentSerializer, made, side, status=201)


@extend_schema(operation_id="document_remove", tags=TAGS, responses=responses(None, 403, 404, 409))
@api_view(["DELETE"])
@member_api(ENGAGE)
def document(request, engagement, document):
    """Take a document away; its name and hash stay on record."""
    rows = pages.engagement_of(engagement).documents.for_side(side_of(request))
    document_services.remove_document(get_object_or_404(rows, pk=document), by=request.actor)
    return Response(status=204)


@listed("decision", shapes.DecisionSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="decision_record",
    tags=TAGS,
    request=shapes.NewDecisionSerializer,
    responses=responses({201: shapes.DecisionSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=ENGAGE)
def decisions(request, engagement):
    """List the decisions, newest first."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    rows = engagement.decisions.for_side(side)
    if request.method == "GET":
        return paged(request, rows, shapes.DecisionSerializer, side=side)
    wanted = valid(shapes.NewDecisionSerializer, request.data)
    if replaced := wanted.get("replaces"):
        wanted["replaces"] = get_object_or_404(rows, pk=replaced)
    made = services.record_decision(engagement, wanted.pop("title"), **wanted, by=request.actor)
    return _answer(shapes.DecisionSerializer, made, side, status=201)


def _answer(shape, row, side, status=200):
    return Response(shape(row, context={"side": side}).data, status=status)
