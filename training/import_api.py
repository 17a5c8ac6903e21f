"""API of imports: uploads, how far they are, and what became of each file."""

from django.shortcuts import get_object_or_404
from django.utils.http import parse_header_parameters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import APIException
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from lepton.lib.narrowing import chosen
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import valid
from training import data_serializers as shapes
from training.datasets import services, uploads
from training.models import Dataset, Import, ImportRow

DATA = Capability.DATA
OUTCOME = OpenApiParameter(
    "outcome", OpenApiTypes.STR, enum=ImportRow.Outcome.values, description="Only this outcome."
)
FILENAME = OpenApiParameter(
    "filename", OpenApiTypes.STR, description="What to call the upload; else Content-Disposition."
)


class TooLarge(APIException):
    """413, in the words of the service."""

    status_code = 413


class RawParser(BaseParser):
    """Leaves the body alone, whatever it is called: it is read as a stream."""

    media_type = "*/*"

    def parse(self, stream, media_type=None, parser_context=None):
        return stream


@listed("import", shapes.ImportSerializer, tags=["Data"])
@extend_schema(
    methods=["POST"],
    operation_id="import_start",
    tags=["Data"],
    description=(
        "Upload an ImageFolder zip as the raw body, or as a form with an optional splits file."
        " The answer comes when the upload is stored; the import goes on in the background."
    ),
    parameters=[FILENAME],
    request={
        "application/zip": OpenApiTypes.BINARY,
        "multipart/form-data": shapes.UploadSerializer,
    },
    responses=responses({202: shapes.ImportSerializer}, 400, 403, 404, 413),
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, RawParser])
@member_api(POST=DATA, scoped=False)
def imports(request, dataset):
    """List the imports of a dataset, or upload a zip and start one."""
    with tenant_scope(request.tenant):
        dataset = get_object_or_404(Dataset.objects.select_related("engagement"), pk=dataset)
        if request.method == "GET":
            return paged(request, dataset.imports.for_lists(), shapes.ImportSerializer)
    stored = received(request)
    try:
        with tenant_scope(request.tenant):
            made = services.start_import(dataset, upload=stored, by=request.actor)
            return Response(shapes.ImportSerializer(made).data, status=202)
    except BaseException:
        uploads.discard(stored)
        raise


def received(request):
    """Bring the request's zip into storage. Raises TooLarge and ValidationError."""
    plain = request._request  # its body is not touched by REST framework
    try:
        if plain.content_type == "multipart/form-data":
            sent = valid(shapes.UploadSerializer, request.data)
            file = sent["file"]
            facts = {"declared_bytes": file.size, "splits_file": sent.get("splits")}
            return uploads.receive(file, name=file.name, tenant=request.tenant, **facts)
        declared = int(plain.META.get("CONTENT_LENGTH") or 0)
        name = filename_of(plain)
        return uploads.receive(plain, name=name, tenant=request.tenant, declared_bytes=declared)
    except uploads.TooLarge as error:
        raise TooLarge(error.messages[0]) from None


def filename_of(request) -> str:
    _kind, parameters = parse_header_parameters(request.headers.get("Content-Disposition", ""))
    return request.GET.get("filename") or parameters.get("filename") or "upload.zip"


@extend_schema(
    operation_id="import_read",
    tags=["Data"],
    responses=responses(shapes.ImportDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def import_(request, pk):
    """Read an import: how far it is, and how many files came out in which way."""
    found = get_object_or_404(Import, pk=pk)
    return Response(shapes.ImportDetailSerializer(found).data)


@extend_schema(
    operation_id="import_cancel",
    tags=["Data"],
    request=None,
    responses=responses(shapes.ImportSerializer, 400, 403, 404),
)
@api_view(["POST"])
@member_api(DATA)
def import_cancel(request, pk):
    """Cancel an import; what it accepted so far stays."""
    found = get_object_or_404(Import.objects.select_related("dataset__engagement"), pk=pk)
    cancelled = services.cancel_import(found, by=request.actor)
    return Response(shapes.ImportSerializer(cancelled).data)


@extend_schema(
    operation_id="import_row_list",
    tags=["Data"],
    parameters=[*PAGE_PARAMETERS, OUTCOME],
    responses=responses(page_of(shapes.ImportRowSerializer), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def import_rows(request, pk):
    """List what became of each file of an import."""
    rows = get_object_or_404(Import, pk=pk).rows.all()
    if outcome := chosen(request, "outcome", ImportRow.Outcome):
        rows = rows.filter(outcome=outcome)
    return paged(request, rows, shapes.ImportRowSerializer, ordering="position")
