"""Handing an engagement over to another account manager: its page and its API."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.models import User
from engagements import handover, pages
from engagements.forms import HandOverForm
from engagements.serializers import EngagementSerializer
from engagements.vendor import for_managers, for_managers_api, vendor_api, vendor_page
from lepton.lib.refusals import refusals_told
from lepton.lib.schema import responses
from lepton.lib.strict import StrictSerializer, valid


class HandOverSerializer(StrictSerializer):
    """The account manager who looks after the engagement from now on, by e-mail."""

    manager = serializers.SlugRelatedField(
        slug_field="email", queryset=User.objects.account_managers()
    )


@require_POST
@vendor_page
@for_managers
def hand_over(request, engagement):
    """Let somebody else look after it."""
    engagement, form = pages.engagement_of(engagement), HandOverForm(request.POST)
    with refusals_told(request):
        if form.is_valid():
            to = form.cleaned_data["manager"]
            handover.hand_over(engagement, to=to, by=request.user)
            messages.success(request, _("%s looks after this engagement now.") % to)
        else:
            messages.error(request, _("Choose an account manager."))
    return redirect(engagement)


@extend_schema(
    operation_id="engagement_hand_over",
    tags=["Engagements"],
    description="For the vendor's account managers.",
    request=HandOverSerializer,
    responses=responses(EngagementSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@vendor_api
@for_managers_api
def as_json(request, engagement):
    """Let another account manager look after it."""
    found, wanted = pages.engagement_of(engagement), valid(HandOverSerializer, request.data)
    moved = handover.hand_over(found, to=wanted["manager"], by=request.user)
    return Response(EngagementSerializer(moved).data)
