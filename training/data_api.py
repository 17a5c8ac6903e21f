"""API of datasets, imports and dataset versions."""

import uuid

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements.pages import engagement_of
from lepton.lib.narrowing import chosen
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.streaming import streamed
from lepton.lib.strict import valid
from training import data_serializers as shapes
from training.datasets import curate, exports, health, services, versions
from training.models import Dataset, DatasetVersion, Split

DATA = Capability.DATA
LABEL = OpenApiParameter("label", OpenApiTypes.STR, description="Only this class.")
SHOW = OpenApiParameter(
    "show", OpenApiTypes.STR, enum=health.ODD, description="Only what is odd in this way."
)
SPLIT = OpenApiParameter(
    "split", OpenApiTypes.STR, enum=Split.values, description="Only this split."
)


@listed("dataset", shapes.DatasetSerializer, tags=["Data"])
@extend_schema(
    methods=["POST"],
    operation_id="dataset_create",
    tags=["Data"],
    request=shapes.NewDatasetSerializer,
    responses=responses({201: shapes.DatasetSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=DATA)
def datasets(request, engagement):
    """List the datasets of an engagement, or make one."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        return paged(request, engagement.datasets.all(), shapes.DatasetSerializer)
    wanted = valid(shapes.NewDatasetSerializer, request.data)
    made = services.create_dataset(engagement, name=wanted["name"], by=request.actor)
    return Response(shapes.DatasetSerializer(made).data, status=201)


@extend_schema(
    operation_id="dataset_read",
    tags=["Data"],
    responses=responses(shapes.DatasetDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def dataset(request, dataset):
    """Read a dataset with its counts by class and split, its imbalance and its sizes."""
    found = get_object_or_404(Dataset, pk=dataset)
    part = found.items.included()
    facts = {"counts": part.counts(), "sizes": part.sizes()}
    return Response(shapes.DatasetDetailSerializer(found, context=facts).data)


@extend_schema(
    methods=["GET"],
    operation_id="item_list",
    tags=["Data"],
    parameters=[*PAGE_PARAMETERS, LABEL, SPLIT, SHOW],
    responses=responses(page_of(shapes.ItemSerializer), 400, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="item_change",
    tags=["Data"],
    description="Change up to 5,000 images at once: their class, split, or whether they take part.",
    request=shapes.ChangeItemsSerializer,
    responses=responses(shapes.ChangedSerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=DATA)
def items(request, dataset):
    """List the images of a dataset's working set."""
    dataset = get_object_or_404(Dataset, pk=dataset)
    if request.method == "PATCH":
        wanted = valid(shapes.ChangeItemsSerializer, request.data)
        n = curate.change_items(dataset, wanted.pop("ids"), by=request.actor, **wanted)
        return Response(shapes.ChangedSerializer({"changed": n}).data)
    show = request.GET.get("show", "")
    if show and show not in health.ODD:
        raise ValidationError({"show": [_("Choose one of: %s.") % ", ".join(health.ODD)]})
    return _labelled(request, health.showing(dataset, show), shapes.ItemSerializer)


@extend_schema(
    operation_id="dataset_health",
    tags=["Data"],
    responses=responses(shapes.DataHealthSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def data_health(request, dataset):
    """Read what is odd about a working set: alike images, outliers, doubted labels."""
    found = health.look(get_object_or_404(Dataset, pk=dataset))
    return Response(shapes.DataHealthSerializer(found).data)


@listed("dataset_version", shapes.DatasetVersionSerializer, tags=["Data"])
@extend_schema(
    methods=["POST"],
    operation_id="dataset_version_freeze",
    tags=["Data"],
    description=(
        "Freeze the working set as the next version; if nothing changed since the newest one,"
        " that one is answered."
    ),
    request=shapes.FreezeSerializer,
    responses=responses({201: shapes.DatasetVersionSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=DATA)
def dataset_versions(request, dataset):
    """List the versions of a dataset, or freeze the next one."""
    dataset = get_object_or_404(Dataset, pk=dataset)
    if request.method == "GET":
        found = dataset.versions.for_lists()
        return paged(request, found, shapes.DatasetVersionSerializer, ordering="-number")
    wanted = valid(shapes.FreezeSerializer, request.data)
    frozen = versions.freeze_version(dataset, by=request.actor, **wanted)
    return Response(shapes.DatasetVersionSerializer(frozen).data, status=201)


@extend_schema(
    operation_id="dataset_version_read",
    tags=["Data"],
    responses=responses(shapes.DatasetVersionDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def dataset_version(request, pk):
    """Read a dataset version."""
    found = get_object_or_404(DatasetVersion, pk=pk)
    return Response(shapes.DatasetVersionDetailSerializer(found).data)


@extend_schema(
    operation_id="dataset_version_item_list",
    tags=["Data"],
    parameters=[*PAGE_PARAMETERS, LABEL, SPLIT],
    responses=responses(page_of(shapes.VersionItemSerializer), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def version_items(request, pk):
    """List the images of a dataset version."""
    found = get_object_or_404(DatasetVersion, pk=pk).items
    return _labelled(request, found, shapes.VersionItemSerializer)


@extend_schema(
    operation_id="dataset_version_diff",
    tags=["Data"],
    parameters=[
        OpenApiParameter(
            "since", OpenApiTypes.UUID, required=True, description="The version compared with."
        )
    ],
    responses=responses(shapes.DiffSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def version_diff(request, pk):
    """Count what changed from another version to this one."""
    after = get_object_or_404(DatasetVersion, pk=pk)
    try:
        since = uuid.UUID(request.GET.get("since", ""))
    except ValueError:
        raise ValidationError({"since": [_("Give the id of a dataset version.")]}) from None
    before = get_object_or_404(DatasetVersion, pk=since)
    return Response(shapes.DiffSerializer(versions.diff(before, after)._asdict()).data)


@extend_schema(
    operation_id="dataset_version_manifest",
    tags=["Data"],
    description="The manifest as CSV; its checksum is the version's `manifest_sha256`.",
    responses=responses({(200, "text/csv"): OpenApiTypes.STR}, 403, 404),
)
@api_view(["GET"])
@member_api()
def version_manifest(request, pk):
    """Download the manifest of a dataset version."""
    found = get_object_or_404(DatasetVersion, pk=pk)
    name, content_type, pieces = exports.export(found, "csv", by=request.actor)
    return streamed(request, pieces, content_type=content_type, filename=name)


@extend_schema(
    operation_id="dataset_version_export",
    tags=["Data"],
    description=(
        "Download a dataset version; `kind` is csv, jsonl, coco, label-studio or zip. Each can be"
        " imported again: the zip as it is, the others as the splits file beside a zip."
    ),
    responses=responses({(200, "application/octet-stream"): OpenApiTypes.BINARY}, 403, 404),
)
@api_view(["GET"])
@member_api()
def version_export(request, pk, kind):
    """Download a dataset version in a format of others."""
    found = get_object_or_404(DatasetVersion, pk=pk)
    if kind not in exports.KINDS:
        raise NotFound
    name, content_type, pieces = exports.export(found, kind, by=request.actor)
    return streamed(request, pieces, content_type=content_type, filename=name)


def _labelled(request, rows, shape):
    split = chosen(request, "split", Split)
    found = rows.narrowed(label=request.GET.get("label", ""), split=split)
    return paged(request, found.select_related("image"), shape, ordering="path")
