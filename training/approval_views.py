"""Deciding on a model version, by page and API."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api, member_page
from accounts.roles import Capability
from engagements import pages
from lepton.lib.paging import paged
from lepton.lib.refusals import refusals_told
from lepton.lib.schema import listed, responses
from lepton.lib.strict import StrictSerializer, valid
from training import approvals
from training.models import ModelApproval, ModelVersion

Decision = ModelApproval.Decision


class ApprovalForm(forms.Form):
    """Approve or reject, and why."""

    decision = forms.ChoiceField(label=_("Decision"), choices=Decision)
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


@require_POST
@member_page(Capability.RUN)
def decide(request, engagement, pk):
    """Decide on a model version."""
    if not approvals.may_decide(request.user):
        raise Http404
    versions = pages.engagement_of(engagement).model_versions.for_lists()
    version, form = get_object_or_404(versions, pk=pk), ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Approve or reject it, and say why."))
        return redirect(version)
    with refusals_told(request):
        approvals.decide(version, **form.cleaned_data, by=request.user)
    return redirect(version)


class ApprovalSerializer(serializers.ModelSerializer):
    """A decision on a model version; the newest stands."""

    created_by = serializers.CharField(source="created_by_label")

    class Meta:
        model = ModelApproval
        fields = ["id", "decision", "reason", "created_by", "created_at"]


class NewApprovalSerializer(StrictSerializer):
    """A decision and its reason."""

    decision = serializers.ChoiceField(choices=Decision)
    reason = serializers.CharField(max_length=2000)


@listed("model_approval", ApprovalSerializer, tags=["Model versions"])
@extend_schema(
    methods=["POST"],
    operation_id="model_approval_decide",
    tags=["Model versions"],
    description="Approve or reject a model version; the vendor's ML engineers only.",
    request=NewApprovalSerializer,
    responses=responses({201: ApprovalSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.RUN)
def approvals_of(request, version):
    """List what was decided on a model version, newest first."""
    found = get_object_or_404(ModelVersion.objects.for_lists(), pk=version)
    if request.method == "GET":
        return paged(request, found.approvals.all(), ApprovalSerializer)
    wanted = valid(NewApprovalSerializer, request.data)
    made = approvals.decide(found, **wanted, by=request.actor)
    return Response(ApprovalSerializer(made).data, status=201)
