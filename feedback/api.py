"""API of feedback: on one prediction by its id, by the client's own reference, and in bulk."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from feedback import practice, predictions, serializers, services
from feedback.receipts import files
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

GIVEN = {200: serializers.FeedbackSerializer, 201: serializers.FeedbackSerializer}
TAGS = ["Feedback"]


@listed("feedback", serializers.FeedbackSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="feedback_give",
    tags=TAGS,
    description="Answer a prediction: 201 for a new answer, 200 if the same one stands already.",
    request=serializers.GiveFeedbackSerializer,
    responses=responses(GIVEN, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.FEEDBACK, practice=True)
def of_prediction(request, prediction):
    """List the answers to a prediction, newest first."""
    if request.method == "GET":
        row = predictions.one(prediction)
        return paged(request, row.feedback.newest_first(), serializers.FeedbackSerializer)
    wanted = valid(serializers.GiveFeedbackSerializer, request.data)
    if request.auth and request.auth.is_practice:
        return _given(practice.give(prediction_id=prediction, **wanted, by=request.actor))
    row = predictions.awaited(predictions.one, prediction)
    return _given(services.give(row, **wanted, by=request.actor))


@extend_schema(
    operation_id="feedback_give_referred",
    tags=TAGS,
    request=serializers.ReferredFeedbackSerializer,
    responses=responses(GIVEN, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK, practice=True)
def referred(request):
    """Answer the prediction of an id, or the newest with the client's own reference."""
    wanted = dict(valid(serializers.ReferredFeedbackSerializer, request.data))
    if request.auth and request.auth.is_practice:
        return _given(practice.give(**wanted, by=request.actor))
    names = {name: wanted.pop(name, None) for name in ("prediction_id", "reference")}
    row = predictions.awaited(predictions.referred, **names)
    return _given(services.give(row, **wanted, by=request.actor))


@extend_schema(
    operation_id="feedback_give_many",
    tags=TAGS,
    request=serializers.BulkFeedbackSerializer,
    responses=responses(serializers.BulkOutcomeSerializer, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK)
def many(request):
    """Answer up to 1,000 predictions; each row is taken or refused by itself."""
    rows = valid(serializers.BulkFeedbackSerializer, request.data)["feedback"]
    return Response(_told(files.take_rows(rows, by=request.actor)))


def _given(given):
    feedback, is_new = given
    data = serializers.FeedbackSerializer(feedback).data
    return Response(data, status=201 if is_new else 200)


def _told(outcomes):
    rows = [{"row": number, **vars(one)} for number, one in enumerate(outcomes)]
    refused = sum(one.error is not None for one in outcomes)
    facts = {"taken": len(rows) - refused, "refused": refused, "outcomes": rows}
    return serializers.BulkOutcomeSerializer(facts).data
