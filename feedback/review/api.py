"""API of the review queue."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import holds, member_api
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback.review import figures, pages, queue, serializers, services, trust
from feedback.review.models import ReviewItem
from lepton.lib.schema import responses
from lepton.lib.strict import valid

TAGS = ["Review queue"]


@extend_schema(
    operation_id="review_read",
    tags=TAGS,
    responses=responses(serializers.QueueSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def review(request, engagement):
    """Read how the queue stands, the accuracy it came to, and how many more reviews to make."""
    engagement = engagement_of(engagement)
    found = pages.summary(engagement)
    champion = found["champion"]
    facts = {name: found[name] for name in ("drawn", "answered")} | found["undecided"]
    facts |= {"sources": dict(found["sources"]), "model_version": champion and champion.number}
    facts["accuracy"] = champion and figures.shown(engagement, champion)
    facts["advice"] = figures.advice(engagement, champion)
    return Response(serializers.QueueSerializer(facts).data)


@extend_schema(
    operation_id="review_draw",
    tags=TAGS,
    description="Draw about as many predictions by lot; each keeps its probability.",
    request=serializers.DrawSerializer,
    responses=responses({201: serializers.DrawnSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK)
def draws(request, engagement):
    """Draw predictions into the queue."""
    wanted = valid(serializers.DrawSerializer, request.data)["wanted"]
    made = services.draw(engagement_of(engagement), wanted=wanted, by=request.actor)
    drawn = sum(item.probability is not None for item in made)
    facts = {"drawn": drawn, "items": len(made)}
    return Response(serializers.DrawnSerializer(facts).data, status=201)


@extend_schema(
    operation_id="review_next",
    tags=TAGS,
    responses=responses(serializers.NextSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api(Capability.FEEDBACK)
def following(request, engagement):
    """Read the next item for the person who asks."""
    services.refuse_unless_person(request.actor)
    engagement = engagement_of(engagement)
    manages = holds(request, Capability.MANAGE)
    items = queue.for_person(engagement, request.actor, manages=manages)
    facts = {"left": items.count(), "item": items.first()}
    return Response(serializers.NextSerializer(facts, context={"request": request}).data)


@extend_schema(
    operation_id="review_answer",
    tags=TAGS,
    request=serializers.ReviewAnswerSerializer,
    responses=responses({201: serializers.ReviewSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK)
def answers(request, review_item):
    """Answer an item; where people differ, this decides."""
    item = get_object_or_404(ReviewItem, pk=review_item)
    said = valid(serializers.ReviewAnswerSerializer, request.data)
    manages = holds(request, Capability.MANAGE)
    made = services.answer(item, by=request.actor, manages=manages, **said)
    return Response(serializers.ReviewSerializer(made).data, status=201)


@extend_schema(
    operation_id="review_undo",
    tags=TAGS,
    request=None,
    responses=responses(serializers.ReviewSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.FEEDBACK)
def undo(request, engagement):
    """Take one's last answer back."""
    undone = services.undo(engagement_of(engagement), by=request.actor)
    undone.refresh_from_db()
    return Response(serializers.ReviewSerializer(undone).data)


@extend_schema(
    operation_id="reviewer_read",
    tags=TAGS,
    responses=responses(serializers.ReviewerSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def reviewers(request, engagement):
    """Read how far each reviewer of the tenant can be relied on."""
    engagement_of(engagement)
    return Response(serializers.ReviewerSerializer(trust.of_reviewers(), many=True).data)
