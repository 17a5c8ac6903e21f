"""API of what a model version looked at in an image."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import StrictSerializer, valid
from training import explanations as services
from training.models import Explanation, Image, ModelVersion


class ExplanationQuestionSerializer(StrictSerializer):
    """An image by its id, the method, and the class that is to be explained."""

    image = serializers.UUIDField()
    method = serializers.ChoiceField(choices=Explanation.Method.choices)
    label = serializers.CharField(
        max_length=80,
        required=False,
        default="",
        allow_blank=True,
        help_text="One of the version's classes; none for the method answer.",
    )


class ExplanationSerializer(serializers.ModelSerializer):
    """A question with its answer: `heat` has rows over the centre crop from 0 to 1, the most being
    1; `scores` are in the order of the version's classes."""

    scores = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    heat = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()), allow_null=True
    )

    class Meta:
        model = Explanation
        fields = (
            *("id", "model_version", "image", "method", "label", "state"),
            *("scores", "heat", "cause", "hint", "created_at", "created_by_label"),
        )


@listed("explanation", ExplanationSerializer, tags=["Model versions"])
@extend_schema(
    methods=["POST"],
    operation_id="explanation_ask",
    tags=["Model versions"],
    description="Queued for a worker; the same question finds the answer that is there already.",
    request=ExplanationQuestionSerializer,
    responses=responses({201: ExplanationSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.PREDICT)
def explanations(request, version):
    """List what was asked of a model version, or ask what it looked at in an image."""
    found = get_object_or_404(ModelVersion.objects, pk=version)
    if request.method == "GET":
        return paged(request, found.explanations.all(), ExplanationSerializer)
    wanted = valid(ExplanationQuestionSerializer, request.data)
    image = get_object_or_404(Image.objects, pk=wanted.pop("image"))
    asked = services.ask(found, image, wanted.pop("method"), by=request.actor, **wanted)
    return Response(ExplanationSerializer(asked).data, status=201)


@extend_schema(
    operation_id="explanation_read",
    tags=["Model versions"],
    responses=responses(ExplanationSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def explanation(request, explanation):
    """Read one explanation, finished or not."""
    return Response(ExplanationSerializer(get_object_or_404(Explanation, pk=explanation)).data)
