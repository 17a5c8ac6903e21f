"""API of alerts and their rules."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages
from feedback.alerts import serializers, services
from feedback.alerts.views import alert_of, rule_of
from feedback.models import Alert, AlertRule
from feedback.monitoring.views import endpoint_of
from lepton.lib.narrowing import chosen
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import valid

TAGS = ["Alerts"]
RUN = Capability.RUN


@listed("alert_rule", serializers.RuleSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="alert_rule_create",
    tags=TAGS,
    request=serializers.NewRuleSerializer,
    responses=responses({201: serializers.RuleSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=RUN)
def rules(request, engagement):
    """List the rules of the engagement's endpoint; POST adds one."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = AlertRule.objects.filter(endpoint__engagement=found)
        return paged(request, rows, serializers.RuleSerializer)
    wanted = valid(serializers.NewRuleSerializer, request.data)
    made = services.create_rule(endpoint_of(found), **wanted, by=request.actor)
    return Response(serializers.RuleSerializer(made).data, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="alert_rule_read",
    tags=TAGS,
    responses=responses(serializers.RuleSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="alert_rule_change",
    tags=TAGS,
    description="Change what a rule watches for; one that is turned off ends its alert.",
    request=serializers.RuleChangesSerializer,
    responses=responses(serializers.RuleSerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=RUN)
def rule(request, engagement, rule):
    """Read a rule."""
    row = rule_of(pages.engagement_of(engagement), rule)
    if request.method == "PATCH":
        wanted = valid(serializers.RuleChangesSerializer, request.data)
        row = services.change_rule(row, **wanted, by=request.actor)
    return Response(serializers.RuleSerializer(row).data)


@extend_schema(
    operation_id="alert_rule_silence",
    tags=TAGS,
    request=serializers.SilenceSerializer,
    responses=responses(serializers.RuleSerializer, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(RUN)
def silence(request, engagement, rule):
    """Let nothing of a rule fire until then."""
    row = rule_of(pages.engagement_of(engagement), rule)
    until = valid(serializers.SilenceSerializer, request.data)["until"]
    row = services.silence(row, until=until, by=request.actor)
    return Response(serializers.RuleSerializer(row).data)


@extend_schema(
    operation_id="alert_list",
    tags=TAGS,
    parameters=[OpenApiParameter("state", str, enum=Alert.State.values), *PAGE_PARAMETERS],
    responses=responses(page_of(serializers.AlertSerializer), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def alerts(request, engagement):
    """List alerts, newest first."""
    rows = Alert.objects.of(pages.engagement_of(engagement)).newest_first()
    if state := chosen(request, "state", Alert.State):
        rows = rows.filter(state=state)
    return paged(request, rows, serializers.AlertSerializer, ordering="-pending_at")


@extend_schema(
    operation_id="alert_acknowledge",
    tags=TAGS,
    request=None,
    responses=responses(serializers.AlertSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(RUN)
def acknowledge(request, engagement, alert):
    """Say that somebody looks after an alert."""
    row = alert_of(pages.engagement_of(engagement), alert)
    services.acknowledge(row, by=request.actor)
    row.refresh_from_db()
    return Response(serializers.AlertSerializer(row).data)
