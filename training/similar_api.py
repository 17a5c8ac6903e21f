"""API of likeness: the images of a working set that are most like one of them."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from lepton.lib.narrowing import chosen
from lepton.lib.schema import responses
from training.data_api import LABEL, SPLIT
from training.data_serializers import ItemSerializer
from training.datasets import similar
from training.models import Dataset, Split


class LikeSerializer(serializers.Serializer):
    """An image and how alike it is."""

    similarity = serializers.FloatField(help_text=_("-1 to 1; 1 is the same."))
    item = ItemSerializer()


class SimilarSerializer(serializers.Serializer):
    """The most alike first. `network` saw them; where it is empty, 32 x 32 prints were compared."""

    network = serializers.CharField(allow_blank=True)
    compared = serializers.IntegerField()
    results = LikeSerializer(many=True)


@extend_schema(
    operation_id="item_similar",
    tags=["Data"],
    parameters=[LABEL, SPLIT],
    responses=responses(SimilarSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def like(request, dataset, like):
    """List the images of a dataset that are most like one, up to 240."""
    dataset = get_object_or_404(Dataset, pk=dataset)
    item = get_object_or_404(dataset.items.select_related("image"), pk=like)
    narrowed = {"label": request.GET.get("label", ""), "split": chosen(request, "split", Split)}
    ranked = similar.to(item, dataset.items.included().narrowed(**narrowed))
    ids = [pk for pk, _similarity in ranked.pairs]
    rows = dataset.items.select_related("image").in_bulk(ids)
    results = [{"item": rows[pk], "similarity": near} for pk, near in ranked.pairs if pk in rows]
    facts = {"network": ranked.network, "compared": ranked.compared, "results": results}
    return Response(SimilarSerializer(facts, context={"request": request}).data)
