"""API of receipts, and of feedback from a file."""

from django.core.exceptions import ValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback import predictions
from feedback.receipts import files, serializers
from feedback.receipts.models import Receipt
from lepton.lib.narrowing import chosen
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, page_of, responses

TAGS = ["Feedback"]
SHAPE = serializers.ReceiptSerializer
STATE = OpenApiParameter("state", OpenApiTypes.STR, enum=Receipt.State.values)
FATE = OpenApiParameter("fate", OpenApiTypes.STR, enum=Receipt.Fate.values)


class PlainParser(BaseParser):
    """A body that is the file itself."""

    def parse(self, stream, media_type=None, parser_context=None):
        return stream.read()


class CsvParser(PlainParser):
    media_type = "text/csv"


class JsonLinesParser(PlainParser):
    media_type = "application/x-ndjson"


@extend_schema(
    operation_id="receipt_list",
    tags=TAGS,
    parameters=[*PAGE_PARAMETERS, STATE, FATE],
    responses=responses(page_of(SHAPE), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def receipts(request, engagement):
    """List what became of the feedback on each prediction, newest first."""
    found = Receipt.objects.filter(engagement=engagement_of(engagement)).newest_first()
    for name, choices in (("state", Receipt.State), ("fate", Receipt.Fate)):
        if value := chosen(request, name, choices):
            found = found.filter(**{name: value})
    return paged(request, found, SHAPE, ordering="-settled_at")


@extend_schema(operation_id="receipt_read", tags=TAGS, responses=responses(SHAPE, 403, 404))
@api_view(["GET"])
@member_api()
def receipt(request, prediction):
    """Read what became of the feedback on a prediction."""
    row = predictions.one(prediction)
    found = Receipt.objects.newest_first().filter(prediction=row).first()
    if found is None:
        raise Http404
    return Response(SHAPE(found).data)


@extend_schema(
    operation_id="feedback_give_file",
    tags=TAGS,
    description=(
        "Answer up to 10,000 predictions by a file: CSV with a header (prediction_id or reference,"
        " verdict, label, comment) or JSON Lines, as the body or as the form field `file`. Each row"
        " is taken or refused by itself; sent twice it is the same answer."
    ),
    request={
        "text/csv": OpenApiTypes.STR,
        "application/x-ndjson": OpenApiTypes.STR,
        "multipart/form-data": {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
        },
    },
    responses=responses(serializers.FileOutcomeSerializer, 400, 403, 404, 415),
)
@api_view(["POST"])
@parser_classes([CsvParser, JsonLinesParser, MultiPartParser])
@member_api(Capability.FEEDBACK)
def from_file(request, **kwargs):
    """Take a file of answers."""
    taken = files.take(_sent(request.data), by=request.actor)
    refused = sum(one.error is not None for _line, one in taken)
    rows = [{"line": line, **vars(one)} for line, one in taken]
    facts = {"taken": len(rows) - refused, "refused": refused, "outcomes": rows}
    return Response(serializers.FileOutcomeSerializer(facts).data)


def _sent(data) -> bytes:
    """The file itself, or the one of a form."""
    if isinstance(data, bytes):
        return data
    file = data.get("file")
    if file is None or isinstance(file, str):
        raise ValidationError({"file": _("Send a file.")})
    return file.read(files.MAX_BYTES + 1)
