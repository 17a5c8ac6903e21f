"""API of load tests and rollback drills."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid
from serving.api_views import endpoint_of
from serving.exercises import drills as drill_services
from serving.exercises import load_tests as services
from serving.exercises import serializers
from serving.models import LoadTest
from serving.serializers import Nothing

TAGS = ["Endpoints"]


@listed("load_test", serializers.LoadTestSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="load_test_start",
    tags=TAGS,
    description="Send the tenant's own test images to its endpoint, within its own limits.",
    request=serializers.StartLoadTest,
    responses=responses({202: serializers.LoadTestSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DEPLOY)
def load_tests(request, endpoint):
    """List the load tests of an endpoint, newest first; POST starts one."""
    here = endpoint_of(endpoint)
    if request.method == "GET":
        rows = here.load_tests.select_related("endpoint", "model_version")
        return paged(request, rows, serializers.LoadTestSerializer)
    wanted = valid(serializers.StartLoadTest, request.data)
    test = services.start_load_test(here, **wanted, by=request.actor)
    return Response(serializers.LoadTestSerializer(test).data, status=202)


@extend_schema(
    operation_id="load_test_read",
    tags=TAGS,
    responses=responses(serializers.LoadTestDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def load_test(request, load_test):
    """Read a load test, second by second."""
    return Response(serializers.LoadTestDetailSerializer(_load_test(load_test)).data)


@extend_schema(
    operation_id="load_test_cancel",
    tags=TAGS,
    request=None,
    responses=responses(serializers.LoadTestSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def cancel_load_test(request, load_test):
    """Cancel a load test; it stops within a second."""
    valid(Nothing, request.data)
    cancelled = services.cancel_load_test(_load_test(load_test), by=request.actor)
    return Response(serializers.LoadTestSerializer(cancelled).data)


@listed("drill", serializers.DrillSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="drill_start",
    tags=TAGS,
    description="Practise rolling back: the previous good version answers for seconds.",
    request=None,
    responses=responses({202: serializers.DrillSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.DEPLOY)
def drills(request, endpoint):
    """List the rollback drills of an endpoint, newest first; POST starts one."""
    here = endpoint_of(endpoint)
    if request.method == "GET":
        rows = here.drills.select_related("endpoint", "model_version", "practised")
        return paged(request, rows, serializers.DrillSerializer)
    valid(Nothing, request.data)
    drill = drill_services.start_drill(here, by=request.actor)
    return Response(serializers.DrillSerializer(drill).data, status=202)


def _load_test(pk):
    return get_object_or_404(LoadTest.objects.select_related("endpoint", "model_version"), pk=pk)
