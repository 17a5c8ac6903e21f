"""API of reminders by mail of what waits for the customer."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from engagements import mails, pages
from engagements.models import Signoff
from engagements.vendor import for_managers_api, vendor_api
from lepton.lib.schema import responses
from lepton.lib.strict import StrictSerializer, valid


class ReminderSerializer(StrictSerializer):
    """The kind of signature to remind of."""

    kind = serializers.ChoiceField(choices=Signoff.Kind.choices)


class RemindedSerializer(serializers.Serializer):
    """The names of those who were mailed."""

    mailed = serializers.ListField(child=serializers.CharField())


@extend_schema(
    operation_id="signature_remind",
    tags=["Acceptance"],
    description="For the vendor; one mail an hour per person.",
    request=ReminderSerializer,
    responses=responses(RemindedSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@vendor_api
@for_managers_api
def to_sign(request, engagement):
    """Remind those of the customer who have not signed, by mail."""
    found = pages.engagement_of(engagement)
    wanted = valid(ReminderSerializer, request.data)
    kind = Signoff.Kind(wanted["kind"])
    return _answer(mails.remind_to_sign(found, kind, by=request.actor))


@extend_schema(
    operation_id="action_item_remind",
    tags=["Plan"],
    description="For the vendor; one mail an hour per person and item.",
    request=None,
    responses=responses(RemindedSerializer, 400, 403, 404, 409),
)
@api_view(["POST"])
@vendor_api
@for_managers_api
def of_item(request, engagement, item):
    """Remind the customer's person who has to do it, by mail."""
    found = get_object_or_404(pages.engagement_of(engagement).actionitems, pk=item)
    return _answer(mails.remind_of_item(found, by=request.actor))


def _answer(people):
    return Response(RemindedSerializer({"mailed": [str(one) for one in people]}).data)
