"""API of labelling: what waits, decisions on it, and who decided what."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import StrictSerializer, valid
from training.datasets import labelling as services
from training.models import Dataset, Item, LabelEntry

SKIPPED = OpenApiParameter(
    "skipped", OpenApiTypes.BOOL, description="Also what the caller has skipped."
)


class WaitingSerializer(serializers.ModelSerializer):
    """An image without a label, held for the caller; `url` opens it for a few minutes."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = ("id", "path", "split", "held_until", "url")

    @extend_schema_field(OpenApiTypes.URI)
    def get_url(self, row):
        return self.context["request"].build_absolute_uri(row.image.url)


class LabellingSerializer(serializers.Serializer):
    """How far the labelling is, and the next images for the caller."""

    waiting = serializers.IntegerField()
    labelled = serializers.IntegerField()
    mine = serializers.IntegerField()
    skipped = serializers.IntegerField(help_text="By the caller, and still without a label.")
    next = WaitingSerializer(many=True)


class LabelDecisionSerializer(StrictSerializer):
    """One decision; `item` is not needed to take one's own newest back."""

    act = serializers.ChoiceField(choices=["label", "skip", "undo"], default="label")
    item = serializers.UUIDField(required=False)
    label = serializers.CharField(max_length=80, required=False)

    def validate(self, wanted):
        needed = {"label": ("item", "label"), "skip": ("item",), "undo": ()}[wanted["act"]]
        for name in needed:
            if not wanted.get(name):
                raise serializers.ValidationError(
                    {name: self.fields[name].error_messages["required"]}
                )
        return wanted


class LabelEntrySerializer(serializers.ModelSerializer):
    """One decision of the history."""

    path = serializers.CharField(source="item.path")

    class Meta:
        model = LabelEntry
        fields = ("id", "item", "path", "kind", "label", "created_at", "created_by_label")


@extend_schema(
    methods=["GET"],
    operation_id="labelling_next",
    tags=["Data"],
    description="Holds the next images for the caller for five minutes, so nobody else gets them.",
    parameters=[SKIPPED],
    responses=responses(LabellingSerializer, 403, 404),
)
@extend_schema(
    methods=["POST"],
    operation_id="labelling_decide",
    tags=["Data"],
    description="Label an image that has none, skip it, or take one's own newest decision back.",
    request=LabelDecisionSerializer,
    responses=responses({201: LabelEntrySerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.DATA, POST=Capability.DATA)
def labelling(request, dataset):
    """Hand out the images that wait for a label, and take labels."""
    found = get_object_or_404(Dataset.objects.select_related("engagement"), pk=dataset)
    by = request.actor
    if request.method == "POST":
        return Response(LabelEntrySerializer(_decide(request, found, by)).data, status=201)
    skipped = request.GET.get("skipped", "").lower() in ("1", "true")
    coming = services.hand_out(found, by=by, skipped=skipped)
    facts = services.progress(found, by=by) | {"next": coming}
    return Response(LabellingSerializer(facts, context={"request": request}).data)


def _decide(request, dataset, by) -> LabelEntry:
    wanted = valid(LabelDecisionSerializer, request.data)
    if wanted["act"] == "undo":
        item = services.undo(dataset, by=by)
        return item.label_entries.newest_first().first()
    item = get_object_or_404(dataset.items.select_related("dataset"), pk=wanted["item"])
    if wanted["act"] == "skip":
        return services.skip_item(item, by=by)
    return services.label_item(item, wanted["label"], by=by)


@listed("label_entry", LabelEntrySerializer, tags=["Data"])
@api_view(["GET"])
@member_api()
def labels(request, dataset):
    """List who labelled what by hand, newest first."""
    found = get_object_or_404(Dataset.objects, pk=dataset)
    return paged(request, services.history(found), LabelEntrySerializer)
