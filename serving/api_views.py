"""API of endpoints, deployments and predictions."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements.models import Engagement
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import valid
from serving import serializers, services
from serving.models import Endpoint, Prediction
from serving.serializers import DeploymentSerializer, EndpointSerializer, PredictionSerializer

TAGS = ["Endpoints"]


@listed("endpoint", EndpointSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="endpoint_create",
    tags=TAGS,
    request=serializers.CreateEndpoint,
    responses=responses({201: EndpointSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DEPLOY)
def endpoints(request, **kwargs):
    """The tenant's endpoints; POST makes one for an engagement."""
    if request.method == "GET":
        return paged(request, Endpoint.objects.for_lists(), EndpointSerializer)
    data = valid(serializers.CreateEndpoint, request.data)
    engagement = found_in(Engagement.objects.all(), "engagement", data.pop("engagement"))
    made = services.create_endpoint(engagement, **data, by=request.actor)
    return Response(EndpointSerializer(made, context={"request": request}).data, status=201)


@extend_schema(
    operation_id="endpoint_get",
    tags=TAGS,
    responses=responses(EndpointSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def endpoint(request, endpoint):
    """One endpoint and what answers there."""
    return Response(EndpointSerializer(endpoint_of(endpoint), context={"request": request}).data)


@listed("deployment", DeploymentSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="deployment_create",
    tags=TAGS,
    request=serializers.CreateDeployment,
    responses=responses({201: DeploymentSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DEPLOY)
def deployments(request, endpoint):
    """An endpoint's history, newest first; POST puts a model version in place."""
    here = endpoint_of(endpoint)
    if request.method == "GET":
        rows = here.deployments.select_related("model_version")
        return paged(request, rows, DeploymentSerializer, ordering="-number")
    wanted = valid(serializers.CreateDeployment, request.data)["model_version"]
    version = found_in(here.engagement.model_versions.all(), "model_version", wanted)
    made = services.deploy(here, model_version=version, by=request.actor)
    return Response(DeploymentSerializer(made).data, status=201)


@extend_schema(
    operation_id="endpoint_roll_back",
    tags=TAGS,
    request=None,
    responses=responses({201: DeploymentSerializer}, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def roll_back(request, endpoint):
    """Put the model version in place that answered before the present one."""
    valid(serializers.Nothing, request.data)
    made = services.roll_back(endpoint_of(endpoint), by=request.actor)
    return Response(DeploymentSerializer(made).data, status=201)


@extend_schema(
    operation_id="prediction_list",
    tags=["Predictions"],
    parameters=[
        OpenApiParameter("endpoint", str, description="An endpoint's address."),
        OpenApiParameter("label", str, description="The answer given."),
        OpenApiParameter("reference", str, description="The client's own reference."),
        OpenApiParameter("since", str, description="From this time on (ISO 8601)."),
        OpenApiParameter("until", str, description="Before this time (ISO 8601)."),
        OpenApiParameter("score_from", float, description="The least confidence, 0 to 1."),
        OpenApiParameter("score_to", float, description="The greatest confidence, 0 to 1."),
        OpenApiParameter("client", UUID, description="Who asked: the id of a key or a person."),
        OpenApiParameter("model_version", int, description="The number of a model version."),
        *PAGE_PARAMETERS,
    ],
    responses=responses(page_of(PredictionSerializer), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def predictions(request, **kwargs):
    """Answered requests, newest first; those of load tests and drills are left out."""
    form = serializers.PredictionFilter(data=request.query_params.dict())
    form.is_valid(raise_exception=True)
    rows = Prediction.objects.matching(**form.validated_data)
    return paged(request, rows, PredictionSerializer, ordering="-at")


@extend_schema(
    operation_id="prediction_get",
    tags=["Predictions"],
    responses=responses(PredictionSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def prediction(request, pk):
    """One answered request."""
    rows = Prediction.objects.select_related("model_version", "endpoint")
    return Response(PredictionSerializer(get_object_or_404(rows, pk=pk)).data)


def endpoint_of(slug):
    return get_object_or_404(Endpoint.objects.select_related("tenant", "engagement"), slug=slug)


def found_in(queryset, name, pk):
    """The row a field of the body names; a wrong id is a wrong field, not a wrong address."""
    row = queryset.filter(pk=pk).first()
    if row is None:
        raise ValidationError({name: [_("There is none with this id.")]})
    return row
