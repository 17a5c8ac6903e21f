"""API of the trace: one call, from whichever end."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.access import member_api
from feedback.trace.forms import TraceForm
from feedback.trace.look import KINDS, look
from lepton.lib.schema import responses


class StopSerializer(serializers.Serializer):
    """One row at a station; `facts` differ from station to station."""

    id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField()
    state = serializers.CharField()
    url = serializers.SerializerMethodField(help_text="Its page; empty where it has none.")
    facts = serializers.SerializerMethodField()

    def get_url(self, stop) -> str:
        return self.context["request"].build_absolute_uri(stop.url) if stop.url else ""

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_facts(self, stop):
        return {key: value for key, _label, value in stop.facts}


class StationSerializer(serializers.Serializer):
    """One kind of thing along the way: `n` of them, the newest in `rows`."""

    station = serializers.CharField(source="key")
    n = serializers.IntegerField()
    rows = StopSerializer(many=True, source="stops")


class TraceSerializer(serializers.Serializer):
    """What one thing hangs together with, from the requirement to the feedback."""

    kind = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    title = serializers.CharField()
    stations = StationSerializer(many=True)


@extend_schema(
    operation_id="trace_read",
    tags=["Trace"],
    parameters=[
        OpenApiParameter(kind, OpenApiTypes.UUID, description="Exactly one of these is given.")
        for kind in KINDS
    ],
    responses=responses(TraceSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def trace(request, **kwargs):
    """Read where a prediction, image, model version, run or dataset version comes from and went."""
    form = TraceForm(request.query_params)
    if not form.is_valid():
        raise ValidationError(form.errors)
    found = look(*form.asked)
    return Response(TraceSerializer(found, context={"request": request}).data)
