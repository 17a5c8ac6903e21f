"""The bundle of a model version: what is in it, and the zip, as page and API."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view

from accounts.access import member_api, member_page
from accounts.scoping import tenant_scope
from engagements.pages import engagement_of
from lepton.lib.schema import responses
from lepton.lib.streaming import streamed
from serving import bundle as bundles
from training.models import ModelVersion


@require_GET
@member_page()
def bundle_panel(request, engagement, version):
    """What is in the bundle, with its hash, for the page of the model version."""
    engagement = engagement_of(engagement)
    found = get_object_or_404(engagement.model_versions.for_lists(), pk=version)
    context = {"engagement": engagement, "version": found, "bundle": _bundle(found)}
    return render(request, "serving/_bundle.html", context)


@require_GET
@member_page(scoped=False)
def bundle(request, engagement, version):
    """The zip, as it is being made."""
    with tenant_scope(request.tenant):
        rows = engagement_of(engagement).model_versions.for_lists()
        made = _taken(get_object_or_404(rows, pk=version), by=request.user)
    return _sent(request, made)


@extend_schema(
    operation_id="model_version_bundle",
    tags=["Model versions"],
    description=(
        "The model with a small server that answers as the endpoint does, without Lepton: a zip."
        " The header X-Bundle-SHA256 is the hash of its SHA256SUMS, which names every file."
    ),
    responses=responses({(200, "application/zip"): OpenApiTypes.BINARY}, 403, 404),
)
@api_view(["GET"])
@member_api(scoped=False)
def bundle_api(request, version):
    """Download the bundle of a model version."""
    with tenant_scope(request.tenant):
        found = get_object_or_404(ModelVersion.objects.for_lists(), pk=version)
        made = _taken(found, by=request.actor)
    return _sent(request, made)


def _taken(version, *, by):
    made = _bundle(version)
    bundles.note_download(version, made, by=by)
    return made


def _bundle(version):
    try:
        return bundles.bundle_of(version)
    except FileNotFoundError:
        raise Http404(_("The files of this model version are not in storage.")) from None


def _sent(request, made):
    kind = {"content_type": "application/zip", "filename": made.file_name}
    response = streamed(request, bundles.zipped(made), **kind)
    response["X-Bundle-SHA256"] = made.sha256
    return response
