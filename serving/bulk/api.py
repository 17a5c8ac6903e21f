"""API of bulk predictions."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import APIException, NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.streaming import streamed
from lepton.lib.strict import valid
from serving.bulk import results, services
from serving.bulk.manifest import BadManifest
from serving.bulk.models import BulkPrediction
from serving.bulk.receiving import receive
from serving.bulk.serializers import BulkSerializer, BulkUploadSerializer
from serving.models import Endpoint
from training.datasets import uploads
from training.import_api import FILENAME, RawParser, TooLarge, filename_of

TAGS = ["Bulk predictions"]
PREDICT = Capability.PREDICT


class Unreadable(APIException):
    """422, in the words of the manifest's reader."""

    status_code = 422


@listed("bulk_prediction", BulkSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="bulk_prediction_start",
    tags=TAGS,
    description=(
        "Upload a zip of images as the raw body or as a form. The answer comes when it is stored;"
        " the images are answered in the background, after everybody else's requests. A manifest"
        " (text/csv, application/jsonl, or a file name that ends so) names images that are here"
        " already instead: by `sha256`, or by `dataset` (of the endpoint's engagement) and `path`,"
        " with a `reference` if you like. The manifest of a dataset version is one. Addresses are"
        " never fetched. A row that names nothing known gets an error in the results; a line that"
        " cannot be read is refused with 422."
    ),
    parameters=[FILENAME],
    request={
        "application/zip": OpenApiTypes.BINARY,
        "text/csv": OpenApiTypes.STR,
        "application/jsonl": OpenApiTypes.STR,
        "multipart/form-data": BulkUploadSerializer,
    },
    responses=responses({202: BulkSerializer}, 400, 403, 404, 413, 422),
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser, RawParser])
@member_api(POST=PREDICT, scoped=False)
def bulk_predictions(request, endpoint):
    """List an endpoint's bulk predictions, or upload a zip or manifest and start one."""
    with tenant_scope(request.tenant):
        here = get_object_or_404(Endpoint.objects.select_related("engagement"), slug=endpoint)
        if request.method == "GET":
            rows = here.bulk_predictions.for_lists().select_related("endpoint")
            return paged(request, rows, BulkSerializer)
    stored = _received(request)
    try:
        with tenant_scope(request.tenant):
            made = services.start(here, upload=stored, by=request.actor)
            return Response(BulkSerializer(made).data, status=202)
    except BaseException:
        uploads.discard(stored)
        raise


def _received(request):
    """Bring what was sent into storage. Raises TooLarge, Unreadable and ValidationError."""
    plain = request._request  # its body is not touched by REST framework
    if plain.content_type == "multipart/form-data":
        file = valid(BulkUploadSerializer, request.data)["file"]
        name, size, kind = file.name, file.size, file.content_type
    else:
        file, name, kind = plain, filename_of(plain), plain.content_type
        size = int(plain.META.get("CONTENT_LENGTH") or 0)
    facts = {"name": name, "declared_bytes": size, "content_type": kind}
    try:
        return receive(file, tenant=request.tenant, **facts)
    except uploads.TooLarge as error:
        raise TooLarge(error.messages[0]) from None
    except BadManifest as error:
        raise Unreadable(error.messages[0]) from None


@extend_schema(
    operation_id="bulk_prediction_get", tags=TAGS, responses=responses(BulkSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def bulk_prediction(request, pk):
    """How far a bulk prediction is."""
    return Response(BulkSerializer(_found(pk)).data)


@extend_schema(
    operation_id="bulk_prediction_cancel",
    tags=TAGS,
    request=None,
    responses=responses(BulkSerializer, 400, 403, 404),
)
@api_view(["POST"])
@member_api(PREDICT)
def cancel(request, pk):
    """Cancel a bulk prediction; the answers it has stay."""
    return Response(BulkSerializer(services.cancel(_found(pk), by=request.actor)).data)


@extend_schema(
    operation_id="bulk_prediction_results",
    tags=TAGS,
    parameters=[
        OpenApiParameter("kind", OpenApiTypes.STR, OpenApiParameter.PATH, enum=[*results.KINDS])
    ],
    responses=responses(
        {
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/jsonl"): OpenApiTypes.STR,
        },
        403,
        404,
    ),
)
@api_view(["GET"])
@member_api()
def bulk_results(request, pk, kind):
    """The answers so far as CSV, or as JSON Lines with the score of every class."""
    bulk = _found(pk)
    if kind not in results.KINDS:
        raise NotFound(_("There is no such kind of file."))
    content_type, pieces = results.KINDS[kind]
    facts = {"content_type": content_type, "filename": results.file_name(bulk, kind)}
    return streamed(request, pieces(bulk), **facts)


def _found(pk) -> BulkPrediction:
    rows = BulkPrediction.objects.select_related("endpoint__engagement", "tenant")
    return get_object_or_404(rows, pk=pk)
