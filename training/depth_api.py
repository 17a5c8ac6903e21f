"""API of a closer look: threshold and cost, calibration and slices, two models compared."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from accounts.access import member_api
from lepton.lib.schema import responses
from training.depth_forms import ThresholdForm
from training.models import Evaluation, ModelVersion
from training.runs import depth

TAGS = ["Model versions"]
ASKED = [
    OpenApiParameter("label", OpenApiTypes.STR, description="The class; else the last one."),
    OpenApiParameter(
        "threshold",
        OpenApiTypes.FLOAT,
        description="0 to 1; the cheapest by the requirement's costs, else 0.5, if not given.",
    ),
]


def interval(*, allow_null=True, **options):
    """A field with both ends of a 95 % interval."""
    ends = {"child": serializers.FloatField(), "help_text": "95 % interval."}
    return serializers.ListField(**ends, allow_null=allow_null, **options)


class CountsSerializer(serializers.Serializer):
    """What is found, missed and falsely alarmed at a threshold."""

    found = serializers.IntegerField()
    alarms = serializers.IntegerField()
    missed = serializers.IntegerField()
    passed = serializers.IntegerField()
    precision = serializers.FloatField(allow_null=True)
    precision_interval = interval()
    recall = serializers.FloatField(allow_null=True)
    recall_interval = interval()
    f1 = serializers.FloatField(allow_null=True)


class CheapestSerializer(serializers.Serializer):
    """The threshold that costs least on these images."""

    threshold = serializers.FloatField()
    cents = serializers.FloatField()


class OperatingSerializer(serializers.Serializer):
    """One class at one threshold; null where the split has no such image, or only such."""

    label = serializers.CharField()
    n = serializers.IntegerField()
    positive = serializers.IntegerField()
    threshold = serializers.FloatField()
    at = CountsSerializer(allow_null=True, default=None)
    cents = serializers.FloatField(allow_null=True, default=None)
    cheapest = CheapestSerializer(allow_null=True, default=None)
    auc = serializers.FloatField(allow_null=True, default=None)
    auc_interval = interval(default=None)
    average_precision = serializers.FloatField(allow_null=True, default=None)


class BinSerializer(serializers.Serializer):
    """Answers of like confidence: how sure they were, and how often right."""

    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    confidence = serializers.FloatField()
    accuracy = serializers.FloatField()
    interval = interval(allow_null=False)


class GapSerializer(serializers.Serializer):
    """A share with its 95 % interval, and its gap to the rest of the images with its own."""

    n = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    gap = serializers.FloatField()
    gap_low = serializers.FloatField()
    gap_high = serializers.FloatField()
    p = serializers.FloatField(help_text="Of Fisher's exact test, corrected by Holm's method.")
    is_sure = serializers.BooleanField(help_text="More than chance, at 5 % for all gaps together.")


class RecallGapSerializer(GapSerializer):
    """The recall of one class on a part of the images."""

    label = serializers.CharField()
    recall = serializers.FloatField()


class SliceRowSerializer(GapSerializer):
    """The accuracy on a part of the images."""

    name = serializers.CharField()
    accuracy = serializers.FloatField()
    recalls = RecallGapSerializer(many=True, help_text="Of classes with enough images in it.")


class SliceSerializer(serializers.Serializer):
    """The images by how they look or by their metadata, a row each part."""

    name = serializers.CharField()
    is_metadata = serializers.BooleanField()
    too_small = serializers.IntegerField(help_text="Parts with too few images for a figure.")
    rows = SliceRowSerializer(many=True)
    gap = serializers.FloatField(help_text="Between the best part and the worst.")
    is_sure = serializers.BooleanField(help_text="Some part differs by more than chance.")


class CloserSerializer(serializers.Serializer):
    """Calibration and slices."""

    calibration = BinSerializer(many=True)
    slices = SliceSerializer(many=True)


class ComparisonSerializer(serializers.Serializer):
    """Two model versions on the same images: `difference` is the accuracy of b less that of a."""

    n = serializers.IntegerField()
    both = serializers.IntegerField()
    only_a = serializers.IntegerField()
    only_b = serializers.IntegerField()
    neither = serializers.IntegerField()
    difference = serializers.FloatField()
    interval = interval(allow_null=False)
    p = serializers.FloatField(help_text="Of the exact McNemar test, two-sided.")


@extend_schema(
    operation_id="evaluation_threshold",
    tags=TAGS,
    parameters=ASKED,
    responses=responses(OperatingSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def threshold(request, evaluation):
    """Read what one class is found with at a threshold, and what that costs."""
    found = _evaluation(evaluation)
    form = ThresholdForm(request.GET, classes=found.model_version.classes)
    if not form.is_valid():
        raise ValidationError(form.errors)
    requirement = found.model_version.engagement.requirement
    facts = depth.operating(depth.Answers(found), **form.asked, requirement=requirement)
    return Response(OperatingSerializer(facts).data)


@extend_schema(
    operation_id="evaluation_closer", tags=TAGS, responses=responses(CloserSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def closer(request, evaluation):
    """Read how far the confidence can be trusted, and on which images it does worse."""
    answers = depth.Answers(_evaluation(evaluation))
    facts = {"calibration": depth.calibration(answers), "slices": depth.slices(answers)}
    return Response(CloserSerializer(facts).data)


@extend_schema(
    operation_id="model_version_compare",
    tags=TAGS,
    responses=responses(ComparisonSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def compare(request, version, other):
    """Compare two model versions of an engagement on the test images both were asked about."""
    a, b = (get_object_or_404(ModelVersion.objects.for_lists(), pk=pk) for pk in (version, other))
    tests = [one.test_evaluation for one in (a, b)]
    found = None
    if a.engagement_id == b.engagement_id and None not in tests:
        found = depth.comparison(*(depth.Answers(one) for one in tests))
    if found is None:
        raise NotFound
    return Response(ComparisonSerializer(found).data)


def _evaluation(pk) -> Evaluation:
    rows = Evaluation.objects.select_related("model_version__engagement")
    return get_object_or_404(rows, pk=pk)
