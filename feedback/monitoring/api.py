"""API of monitoring."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages
from feedback.models import DriftLook
from feedback.monitoring import drifting, figures, quality, serializers
from feedback.monitoring.periods import Length, until_now
from feedback.monitoring.views import endpoint_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Monitoring"]
PERIOD = OpenApiParameter(
    "period", str, enum=Length.values, description="How far back; 7d if not given."
)


@extend_schema(
    operation_id="monitoring_read",
    tags=TAGS,
    parameters=[PERIOD],
    responses=responses(serializers.MonitoringSerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def monitoring(request, engagement):
    """What the endpoint did in a period and in the one before it, bucket by bucket."""
    endpoint, period = _asked(request, engagement)
    found = figures.measure(endpoint, period)
    parts = zip(period.starts, found.buckets, strict=True)
    data = {
        "since": period.since,
        "until": period.until,
        "present": found.present.as_data(),
        "previous": found.previous.as_data(),
        "buckets": [{"since": at, **one.as_data()} for at, one in parts],
        "version_changes": figures.changes_of_version(endpoint, period),
    }
    return Response(serializers.MonitoringSerializer(data).data)


@extend_schema(
    operation_id="live_quality_read",
    tags=TAGS,
    parameters=[PERIOD],
    responses=responses(serializers.QualitySerializer, 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def live_quality(request, engagement):
    """How good the answers of a period were: from feedback, and as the model itself expects."""
    endpoint, period = _asked(request, engagement)
    found = quality.measure(endpoint, period)
    versions = sorted(found.by_version.items())
    data = {
        "since": period.since,
        "until": period.until,
        "realised": found.realised.as_data(),
        "previous": found.previous.as_data(),
        "by_version": [{"version": number, **one.as_data()} for number, one in versions],
        "estimated": found.estimated,
        "buckets": list(_buckets(found)),
        "version_changes": figures.changes_of_version(endpoint, period),
    }
    return Response(serializers.QualitySerializer(data).data)


@listed("drift_look", serializers.DriftLookSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="drift_look_ask",
    tags=TAGS,
    description="Have a worker compare the answers since the last look with the reference.",
    request=None,
    responses=responses({201: serializers.DriftLookSerializer}, 403, 404, 409),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.RUN)
def drift_looks(request, engagement):
    """List the looks at drift, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = DriftLook.objects.newest_first().filter(endpoint__engagement=found)
        return paged(request, rows, serializers.DriftLookSerializer)
    look = drifting.ask(endpoint_of(found), by=request.actor)
    return Response(serializers.DriftLookSerializer(look).data, status=201)


@extend_schema(
    operation_id="drift_reference_accept",
    tags=TAGS,
    description="Take the traffic that was looked at last as what is normal from now on.",
    request=None,
    responses=responses({201: serializers.DriftReferenceSerializer}, 400, 403, 404),
)
@api_view(["POST"])
@member_api(Capability.DEPLOY)
def drift_references(request, engagement):
    """Accept the present traffic."""
    endpoint = endpoint_of(pages.engagement_of(engagement))
    reference = drifting.accept_traffic(endpoint, by=request.actor)
    return Response(serializers.DriftReferenceSerializer(reference).data, status=201)


def _asked(request, engagement):
    wanted = valid(serializers.PeriodSerializer, request.query_params.dict())
    return endpoint_of(pages.engagement_of(engagement)), until_now(wanted["period"])


def _buckets(found):
    rows = zip(found.period.starts, found.buckets, found.estimated_buckets, strict=True)
    for since, one, estimated in rows:
        low, high = one.interval
        facts = {"since": since, "n": one.n, "accuracy": one.accuracy, "low": low, "high": high}
        yield facts | {"estimated": estimated}
