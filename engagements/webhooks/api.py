"""API of webhooks and of the log of their deliveries."""

from datetime import timedelta

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements.models import Webhook
from engagements.webhooks import serializers, services
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Webhooks"]
MANAGE = Capability.MANAGE
A_DAY = timedelta(days=1)


@listed("webhook", serializers.WebhookSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="webhook_create",
    tags=TAGS,
    description="Tell an address of events. The answer is the only one that holds the secret.",
    request=serializers.NewWebhookSerializer,
    responses=responses({201: serializers.WebhookWithSecretSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, scoped=False, POST=MANAGE)
def webhooks(request):
    """List the tenant's webhooks, newest first."""
    if request.method == "GET":
        with tenant_scope(request.tenant):
            return paged(request, Webhook.objects.kept(), serializers.WebhookSerializer)
    wanted = valid(serializers.NewWebhookSerializer, request.data)
    made = services.create_webhook(request.tenant, **wanted, by=request.actor)
    return _with_secret(made, made.secret, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="webhook_read",
    tags=TAGS,
    responses=responses(serializers.WebhookSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="webhook_change",
    tags=TAGS,
    request=serializers.WebhookChangesSerializer,
    responses=responses(serializers.WebhookSerializer, 400, 403, 404, 409, 415),
)
@extend_schema(
    methods=["DELETE"],
    operation_id="webhook_remove",
    tags=TAGS,
    description="Tell it nothing any more; what was sent stays on record.",
    responses=responses(None, 403, 404, 409),
)
@api_view(["GET", "PATCH", "DELETE"])
@member_api(Capability.VIEW, scoped=False, PATCH=MANAGE, DELETE=MANAGE)
def webhook(request, webhook):
    """Read a webhook, without its secret."""
    with tenant_scope(request.tenant):
        found = _kept(webhook)
        if request.method == "DELETE":
            services.remove_webhook(found, by=request.actor)
            return Response(status=204)
    if request.method == "PATCH":
        wanted = valid(serializers.WebhookChangesSerializer, request.data)
        found = services.change_webhook(request.tenant, found.pk, **wanted, by=request.actor)
    return Response(serializers.WebhookSerializer(found).data)


@extend_schema(
    operation_id="webhook_rotate",
    tags=TAGS,
    description="Sign with a new secret. The answer is the only one that holds it.",
    request=serializers.RotateSecretSerializer,
    responses=responses(serializers.WebhookWithSecretSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(MANAGE)
def rotate(request, webhook):
    """Sign with a new secret from now on, and with the old one too for a while."""
    wanted = valid(serializers.RotateSecretSerializer, request.data)
    found, until = _kept(webhook), wanted.get("old_works_until", timezone.now() + A_DAY)
    return _with_secret(found, services.rotate_secret(found, until=until, by=request.actor))


@extend_schema(
    operation_id="webhook_test",
    tags=TAGS,
    description="Send an event of type webhook.test to this webhook alone.",
    request=None,
    responses=responses({201: serializers.DeliverySerializer}, 403, 404, 409),
)
@api_view(["POST"])
@member_api(MANAGE)
def send_test(request, webhook):
    """Send an event that says nothing happened."""
    delivery = services.send_test(_kept(webhook), by=request.actor)
    return Response(serializers.DeliverySerializer(delivery).data, status=201)


@listed("delivery", serializers.DeliverySerializer, tags=TAGS)
@api_view(["GET"])
@member_api()
def deliveries(request, webhook):
    """List what was sent to a webhook, newest first, with every attempt."""
    found = _kept(webhook).deliveries.newest_first()
    return paged(request, found, serializers.DeliverySerializer)


@extend_schema(
    operation_id="delivery_replay",
    tags=TAGS,
    description="Send a delivery again, now, with the webhook-id it had.",
    request=None,
    responses=responses(serializers.DeliverySerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(MANAGE)
def replay(request, webhook, delivery):
    """Send a delivery again."""
    found = get_object_or_404(_kept(webhook).deliveries.newest_first(), pk=delivery)
    services.replay(found, by=request.actor)
    found.refresh_from_db()
    return Response(serializers.DeliverySerializer(found).data)


def _kept(pk):
    return get_object_or_404(Webhook.objects.kept(), pk=pk)


def _with_secret(webhook, secret, *, status=200):
    data = serializers.WebhookWithSecretSerializer(webhook, context={"secret": secret}).data
    return Response(data, status=status, headers={"Cache-Control": "no-store"})
