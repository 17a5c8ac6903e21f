"""API of what a search tried, and of what a model version was made from."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from training.depth_api import ComparisonSerializer
from training.models import ModelVersion, Run, Trial
from training.runs import lineage


class TrialSerializer(serializers.ModelSerializer):
    """One try of a search; `loss` is the mean log loss on validation, trial 0 has the defaults."""

    class Meta:
        model = Trial
        fields = (
            *("number", "params", "state", "loss", "accuracy"),
            *("steps", "seconds", "cause", "at"),
        )


class SourceSerializer(serializers.Serializer):
    """A version that another was made from, with what it costs beside it."""

    model_version = serializers.UUIDField(source="version.pk")
    number = serializers.IntegerField(source="version.number")
    accuracy = serializers.FloatField(source="evaluation.accuracy", default=None, allow_null=True)
    weight = serializers.FloatField(allow_null=True)
    temperature = serializers.FloatField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    size_bytes = serializers.IntegerField()


class LineageSerializer(serializers.Serializer):
    """What a version was made from and went into; `compared` is this version less the best of its
    sources (`beside`) on the same test images."""

    made_from = SourceSerializer(many=True)
    itself = SourceSerializer(allow_null=True)
    beside = serializers.UUIDField(source="beside.pk", default=None, allow_null=True)
    compared = ComparisonSerializer(source="paired", allow_null=True)
    went_into = serializers.SerializerMethodField()

    def get_went_into(self, found) -> list[str]:
        return [str(one.pk) for one in found["went_into"]]


@listed("trial", TrialSerializer, tags=["Runs"])
@api_view(["GET"])
@member_api()
def trials(request, run):
    """List what a search tried, the first trial first."""
    rows = get_object_or_404(Run.objects, pk=run).trials.all()
    return paged(request, rows, TrialSerializer, ordering="number")


@extend_schema(
    operation_id="model_version_lineage",
    tags=["Model versions"],
    responses=responses(LineageSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def lineage_of(request, version):
    """Read what a model version was made from, how it does beside it, and what it went into."""
    found = get_object_or_404(ModelVersion.objects.for_lists(), pk=version)
    return Response(LineageSerializer(lineage.facts(found)).data)
