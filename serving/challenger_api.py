"""API of what runs beside the champion, of what answered when, and of what happens right now."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import valid
from serving import asking, challengers, now
from serving.api_views import TAGS, endpoint_of, found_in
from serving.challenger_serializers import (
    AnsweredSerializer,
    ChallengerInFullSerializer,
    ChallengerSerializer,
    CreateChallenger,
    DisagreementSerializer,
    Moment,
    NowSerializer,
)
from serving.models import Deployment
from serving.serializers import DeploymentSerializer, Nothing


@listed("challenger", ChallengerSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="challenger_create",
    tags=TAGS,
    request=CreateChallenger,
    responses=responses({201: ChallengerInFullSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DEPLOY)
def challengers_of(request, endpoint):
    """What ran beside an endpoint's champion, newest first; POST starts a shadow or a canary, or
    goes on with the present one as another entry."""
    here = endpoint_of(endpoint)
    if request.method == "GET":
        rows = here.challengers.select_related("model_version")
        return paged(request, rows, ChallengerSerializer, ordering="-number")
    wanted = dict(valid(CreateChallenger, request.data))
    versions = here.engagement.model_versions.all()
    version = found_in(versions, "model_version", wanted.pop("model_version"))
    made = challengers.challenge(here, model_version=version, **wanted, by=request.actor)
    return Response(ChallengerInFullSerializer(made).data, status=201)


@extend_schema(
    operation_id="challenger_get",
    tags=TAGS,
    responses=responses(ChallengerInFullSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def challenger(request, endpoint, challenger):
    """One challenger, with what was compared and what its guards see."""
    return Response(ChallengerInFullSerializer(_challenger(endpoint, challenger)).data)


@extend_schema(
    operation_id="challenger_stop",
    tags=TAGS,
    request=None,
    responses=responses(ChallengerInFullSerializer, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def stop(request, endpoint, challenger):
    """Take a challenger away; the champion answers everything again."""
    valid(Nothing, request.data)
    row = _challenger(endpoint, challenger)
    challengers.stop(row, by=request.actor)
    row.refresh_from_db()
    return Response(ChallengerInFullSerializer(row).data)


@extend_schema(
    operation_id="challenger_promote",
    tags=TAGS,
    request=None,
    responses=responses({201: DeploymentSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def promote(request, endpoint, challenger):
    """Make a challenger the champion, as any model version is deployed."""
    valid(Nothing, request.data)
    made = challengers.promote(_challenger(endpoint, challenger), by=request.actor)
    return Response(DeploymentSerializer(made).data, status=201)


@extend_schema(
    operation_id="disagreement_list",
    tags=TAGS,
    parameters=PAGE_PARAMETERS,
    responses=responses(page_of(DisagreementSerializer), 403, 404),
)
@api_view(["GET"])
@member_api()
def disagreements(request, endpoint, challenger):
    """The inputs on which the variants named different classes, newest first."""
    rows = _challenger(endpoint, challenger).answers.disagreements()
    return paged(request, rows, DisagreementSerializer, ordering="-at")


@extend_schema(
    operation_id="endpoint_answered",
    tags=TAGS,
    parameters=[OpenApiParameter("at", str, required=True, description="ISO 8601.")],
    responses=responses(AnsweredSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def answered(request, endpoint):
    """Which model version answered at a moment, and which canary beside it."""
    at = valid(Moment, request.query_params.dict())["at"]
    here = endpoint_of(endpoint)
    version = Deployment.objects.which_version_answered(here, at)
    found = {"at": at, "model_version": version}
    found["canary"] = here.challengers.answering_at(at).first()
    return Response(AnsweredSerializer(found).data)


@extend_schema(
    operation_id="endpoint_now",
    tags=TAGS,
    responses=responses(NowSerializer, 403, 404),
)
@api_view(["GET"])
@member_api(scoped=False)
def endpoint_now(request, endpoint):
    """What an endpoint does right now: rate, latency, version mix, queue, refusals."""
    with tenant_scope(request.tenant):
        here = endpoint_of(endpoint)
        seen = now.figures(here)
    seen["data_plane"] = asking.pulse(here)
    return Response(NowSerializer(seen).data)


def _challenger(endpoint, pk):
    rows = endpoint_of(endpoint).challengers.select_related(
        "model_version", "endpoint__engagement", "endpoint__tenant"
    )
    return get_object_or_404(rows, pk=pk)
