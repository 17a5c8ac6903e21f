"""API of model versions: what they are, what they are worth, their files."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from engagements import pages
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from training import run_serializers as serializers
from training.models import Evaluation, ModelVersion
from training.runs import card as model_card

CELL_PARAMETERS = [
    OpenApiParameter("label", OpenApiTypes.STR, description="Only images of this class."),
    OpenApiParameter("answer", OpenApiTypes.STR, description="Only images answered with this."),
]


@listed("model_version", serializers.ModelVersionSerializer, tags=["Model versions"])
@api_view(["GET"])
@member_api()
def model_versions(request, engagement):
    """List an engagement's model versions, newest first."""
    rows = pages.engagement_of(engagement).model_versions.for_lists()
    return paged(request, rows, serializers.ModelVersionSerializer, ordering="-number")


@extend_schema(
    operation_id="model_version_read",
    tags=["Model versions"],
    responses=responses(serializers.ModelVersionDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def model_version(request, version):
    """Read one model version, with its meta.json and links to its files."""
    context = {"request": request}
    found = serializers.ModelVersionDetailSerializer(_version(version), context=context)
    return Response(found.data)


@extend_schema(
    operation_id="model_version_files",
    tags=["Model versions"],
    responses=responses(serializers.ModelFileSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def files(request, version):
    """List the files of a model version with links that are good for minutes."""
    context = {"request": request}
    found = serializers.ModelVersionDetailSerializer(_version(version), context=context)
    return Response(found.data["files"])


@extend_schema(
    operation_id="model_version_card",
    tags=["Model versions"],
    description="What it is for, made of and worth, as Markdown; computed from rows.",
    responses=responses({(200, "text/markdown"): OpenApiTypes.STR}, 403, 404),
)
@api_view(["GET"])
@member_api()
def card(request, version):
    """Read the card of a model version."""
    text = model_card.card_of(_version(version))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@listed("evaluation", serializers.EvaluationSerializer, tags=["Model versions"])
@api_view(["GET"])
@member_api()
def evaluations(request, version):
    """List the evaluations of a model version, newest first."""
    rows = _version(version).evaluations.all()
    return paged(request, rows, serializers.EvaluationSerializer, ordering="-at")


@extend_schema(
    operation_id="evaluation_items",
    tags=["Model versions"],
    parameters=[*PAGE_PARAMETERS, *CELL_PARAMETERS],
    responses=responses(page_of(serializers.EvaluatedItemSerializer), 403, 404),
)
@api_view(["GET"])
@member_api()
def items(request, evaluation):
    """List what was answered for each held-out image, the least sure first."""
    found = get_object_or_404(Evaluation.objects, pk=evaluation)
    cell = {name: request.GET.get(name) for name in ("label", "answer")}
    rows = found.items.cell(**cell).select_related("image")
    return paged(request, rows, serializers.EvaluatedItemSerializer, ordering=("score", "pk"))


def _version(pk):
    return get_object_or_404(ModelVersion.objects.for_lists(), pk=pk)
