"""API of model selection: the recommendation and what was chosen."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid
from training import selection
from training import selection_serializers as serializers

TAGS = ["Model selection"]


@extend_schema(
    operation_id="recommendation_read",
    tags=TAGS,
    responses=responses(serializers.RecommendationSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def recommendation(request, engagement):
    """Read which network and method to begin with, and why."""
    found = selection.recommend(pages.engagement_of(engagement))
    return Response(serializers.RecommendationSerializer(found).data)


@listed("selection", serializers.SelectionSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="selection_make",
    tags=TAGS,
    description="Choose a network and a method for the present iteration.",
    request=serializers.NewSelectionSerializer,
    responses=responses({201: serializers.SelectionSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.RUN)
def selections(request, engagement):
    """List what was chosen, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        return paged(request, found.selections.all(), serializers.SelectionSerializer)
    wanted = valid(serializers.NewSelectionSerializer, request.data)
    chosen = selection.choose(found, **wanted, by=request.actor)
    return Response(serializers.SelectionSerializer(chosen).data, status=201)
