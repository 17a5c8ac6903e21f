"""API of runs: start, watch, cancel; and what a run can be made of."""

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages
from lepton.lib.paging import paged
from lepton.lib.schema import PAGE_PARAMETERS, listed, page_of, responses
from lepton.lib.strict import valid
from training import run_serializers as serializers
from training.models import DatasetVersion, Run
from training.runs import services
from training.runs.catalogue import catalogue as known

RUN = Capability.RUN


@extend_schema(
    operation_id="catalogue_read",
    tags=["Runs"],
    responses=responses(serializers.CatalogueSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def catalogue(request):
    """List methods with their settings and networks with their cost."""
    return Response(serializers.CatalogueSerializer(known()).data)


@listed("run", serializers.RunSerializer, tags=["Runs"])
@extend_schema(
    methods=["POST"],
    operation_id="run_start",
    tags=["Runs"],
    description="Queue a run on a frozen dataset version of the engagement.",
    request=serializers.NewRunSerializer,
    responses=responses({201: serializers.RunDetailSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=RUN)
def runs(request, engagement):
    """List an engagement's runs, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        rows = found.runs.for_lists()
        return paged(request, rows, serializers.RunSerializer, ordering="-number")
    wanted = valid(serializers.NewRunSerializer, request.data)
    wanted["dataset_version"] = _version(found, wanted["dataset_version"])
    run = services.start_run(found, **wanted, by=request.actor)
    return Response(serializers.RunDetailSerializer(run).data, status=201)


@extend_schema(
    operation_id="run_read",
    tags=["Runs"],
    responses=responses(serializers.RunDetailSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def run(request, run):
    """Read one run with its progress, manifest and log."""
    return Response(serializers.RunDetailSerializer(_run(run)).data)


@extend_schema(
    operation_id="run_cancel",
    tags=["Runs"],
    description="A run that waits ends now; one at work stops after its batch.",
    request=None,
    responses=responses(serializers.RunDetailSerializer, 400, 403, 404),
)
@api_view(["POST"])
@member_api(RUN)
def cancel(request, run):
    """Cancel a run."""
    cancelled = services.cancel_run(_run(run), by=request.actor)
    return Response(serializers.RunDetailSerializer(cancelled).data)


@extend_schema(
    operation_id="run_epochs",
    tags=["Runs"],
    parameters=PAGE_PARAMETERS,
    responses=responses(page_of(serializers.EpochSerializer), 403, 404),
)
@api_view(["GET"])
@member_api()
def epochs(request, run):
    """List a run's finished epochs, the first first."""
    rows = _run(run).epochs.all()
    return paged(request, rows, serializers.EpochSerializer, ordering="epoch")


def _run(pk):
    return get_object_or_404(Run.objects.for_lists(), pk=pk)


def _version(engagement, pk):
    found = DatasetVersion.objects.filter(pk=pk, dataset__engagement=engagement)
    version = found.select_related("dataset").first()
    if version is None:
        raise ValidationError({"dataset_version": _("No such dataset version here.")})
    return version
