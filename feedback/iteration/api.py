"""API of data iterations and their policy."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements.pages import engagement_of
from feedback.iteration import pages, policies, serializers, services
from feedback.iteration.models import DataIteration
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Data iteration"]
SHAPE, DETAIL = serializers.DataIterationSerializer, serializers.DataIterationDetailSerializer


@extend_schema(
    methods=["GET"],
    operation_id="iteration_policy_read",
    tags=TAGS,
    responses=responses(serializers.PolicySerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="iteration_policy_set",
    tags=TAGS,
    request=serializers.SetPolicySerializer,
    responses=responses(serializers.PolicySerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=Capability.DEPLOY)
def policy(request, engagement):
    """Read or set when data iterations start and who promotes what wins."""
    engagement = engagement_of(engagement)
    if request.method == "PATCH":
        wanted = valid(serializers.SetPolicySerializer, request.data)
        policies.set_policy(engagement, by=request.actor, **wanted)
    return Response(serializers.PolicySerializer(policies.policy_of(engagement)).data)


@extend_schema(
    operation_id="data_iteration_stand",
    tags=TAGS,
    responses=responses(serializers.IterationStandSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def stand(request, engagement):
    """Read what waits for the next data iteration and what holds it up."""
    found = pages.overview(engagement_of(engagement))
    facts = {name: found[name] for name in ("corrections", "waiting", "blocks")}
    context = {"request": request}
    return Response(serializers.IterationStandSerializer(facts, context=context).data)


@listed("data_iteration", SHAPE, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="data_iteration_start",
    tags=TAGS,
    request=None,
    responses=responses({201: SHAPE}, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.RUN)
def iterations(request, engagement):
    """List the data iterations of an engagement, newest first, or start one."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        rows = engagement.data_iterations.newest_first()
        return paged(request, rows, SHAPE, ordering="-number")
    return Response(SHAPE(services.start(engagement, by=request.actor)).data, status=201)


@extend_schema(operation_id="data_iteration_read", tags=TAGS, responses=responses(DETAIL, 403, 404))
@api_view(["GET"])
@member_api()
def iteration(request, data_iteration):
    """Read a data iteration with its steps, its diff card and what came of it."""
    return _detail(request, _one(data_iteration))


@extend_schema(
    operation_id="data_iteration_promote",
    tags=TAGS,
    request=None,
    responses=responses(DETAIL, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def promote(request, data_iteration):
    """Put a challenger that won in the champion's place."""
    services.promote(_one(data_iteration), by=request.actor)
    return _detail(request, _one(data_iteration))


@extend_schema(
    operation_id="data_iteration_decline",
    tags=TAGS,
    request=serializers.KeepChampionSerializer,
    responses=responses(DETAIL, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def decline(request, data_iteration):
    """Keep the champion, with the reason."""
    row = _one(data_iteration)
    reason = valid(serializers.KeepChampionSerializer, request.data)["reason"]
    services.decline(row, reason=reason, by=request.actor)
    return _detail(request, _one(data_iteration))


def _one(pk) -> DataIteration:
    return get_object_or_404(DataIteration.objects.newest_first(), pk=pk)


def _detail(request, row):
    return Response(DETAIL(row, context={"request": request}).data)
