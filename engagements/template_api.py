"""API of templates, the vendor's own: everybody else gets 404."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from engagements import templates as services
from engagements.models import EngagementTemplate, Side
from engagements.models.template import DRILL_DAYS
from engagements.phases import Phase
from engagements.plan_serializers import TemplateSerializer
from engagements.vendor import for_managers_api, staff_api
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import StrictSerializer, valid

TAGS = ["Templates"]


class PlannedRowSerializer(StrictSerializer):
    """A milestone of a template; days count from the day an engagement is opened."""

    title = serializers.CharField(max_length=200)
    phase = serializers.ChoiceField(choices=Phase.choices)
    due_days = serializers.IntegerField(min_value=0, max_value=3650, allow_null=True, default=None)
    is_private = serializers.BooleanField(default=False)


class ItemRowSerializer(PlannedRowSerializer):
    """An action item of a template; `after` names the keys of those it waits for."""

    key = serializers.SlugField(max_length=60)
    side = serializers.ChoiceField(choices=Side.choices)
    is_required = serializers.BooleanField(default=True)
    after = serializers.ListField(child=serializers.SlugField(max_length=60), default=list)


class WholeTemplateSerializer(TemplateSerializer):
    """A template with everything that is planned in it."""

    items = ItemRowSerializer(many=True)
    milestones = PlannedRowSerializer(many=True)
    response_hours = serializers.DictField(child=serializers.IntegerField())

    class Meta(TemplateSerializer.Meta):
        own = ["drill_days", "items", "milestones", "response_hours", "retired_at"]
        fields = [*TemplateSerializer.Meta.fields, *own]


class WriteTemplateSerializer(StrictSerializer):
    """A template to write: engagements that were opened with it stay as they are."""

    name = serializers.CharField(max_length=80)
    description = serializers.CharField(max_length=500, allow_blank=True, default="")
    phases = serializers.ListField(child=serializers.ChoiceField(choices=Phase.choices))
    drill_days = serializers.IntegerField(
        min_value=1,
        max_value=730,
        default=DRILL_DAYS,
        help_text="How old a rollback drill may be when going live.",
    )
    items = ItemRowSerializer(many=True, default=list)
    milestones = PlannedRowSerializer(many=True, default=list)
    response_hours = serializers.DictField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        help_text="Hours until a first answer to a ticket, by severity, other than by default.",
    )


@listed("whole_template", WholeTemplateSerializer, tags=TAGS, refusals=(404,))
@api_view(["GET"])
@staff_api
def templates(request):
    """List the vendor's templates, the retired ones too, newest first."""
    return paged(request, EngagementTemplate.objects.all(), WholeTemplateSerializer)


@extend_schema(
    methods=["GET"],
    operation_id="template_read",
    tags=TAGS,
    responses=responses(WholeTemplateSerializer, 404),
)
@extend_schema(
    methods=["PUT"],
    operation_id="template_write",
    tags=TAGS,
    description="Write a template anew or change it whole; account managers only.",
    request=WriteTemplateSerializer,
    responses=responses(WholeTemplateSerializer, 400, 403, 404, 415),
)
@extend_schema(
    methods=["DELETE"],
    operation_id="template_retire",
    tags=TAGS,
    description="Offer it no longer; account managers only.",
    responses=responses(None, 403, 404),
)
@api_view(["GET", "PUT", "DELETE"])
@staff_api
@for_managers_api
def template(request, template_key):
    """Read, write or retire one template by its key."""
    if request.method == "PUT":
        wanted = valid(WriteTemplateSerializer, request.data)
        saved = services.save_template(template_key, **wanted, by=request.user)
        return Response(WholeTemplateSerializer(saved).data)
    found = get_object_or_404(EngagementTemplate, key=template_key)
    if request.method == "DELETE":
        services.retire_template(found, by=request.user)
        return Response(status=204)
    return Response(WholeTemplateSerializer(found).data)
