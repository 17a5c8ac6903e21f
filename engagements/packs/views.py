"""Pages and API of go-live packs."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api, member_page
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import pages
from engagements.models import GoLivePack
from engagements.packs import services
from lepton.lib import media
from lepton.lib.paging import paged
from lepton.lib.refusals import refusals_told
from lepton.lib.schema import listed, responses

TAGS = ["Gates"]


class PackFileSerializer(serializers.Serializer):
    """One file of a pack, with a link that is good for minutes."""

    form = serializers.ChoiceField(choices=GoLivePack.Form.choices)
    sha256 = serializers.CharField()
    bytes = serializers.IntegerField()
    url = serializers.CharField()


class PackSerializer(serializers.ModelSerializer):
    """One version of a go-live pack; its content's hash is in the audit log."""

    files = serializers.SerializerMethodField()
    by = serializers.CharField(source="created_by_label", read_only=True)

    class Meta:
        model = GoLivePack
        fields = ["id", "version", "iteration", "sha256", "files", "by", "created_at"]

    def get_files(self, pack) -> list[dict]:
        build = self.context["request"].build_absolute_uri
        return [
            {
                "form": form,
                "sha256": f["sha256"],
                "bytes": f["bytes"],
                "url": build(_url(pack, form)),
            }
            for form, f in pack.files.items()
        ]


class PackDetailSerializer(PackSerializer):
    """A go-live pack with its content: sections of blocks."""

    content = serializers.ListField(child=serializers.DictField())

    class Meta(PackSerializer.Meta):
        fields = [*PackSerializer.Meta.fields, "content"]


@require_POST
@member_page(Capability.ENGAGE, scoped=False)
def generate(request, engagement):
    """Generate the next version."""
    where = ["engagements:go_live", request.tenant.slug, engagement]
    with refusals_told(request):
        pack = _generate(request, engagement, by=request.user)
        messages.success(request, _("Version %s of the go-live pack is ready.") % pack.version)
    return redirect(*where)


@require_GET
@member_page()
def show(request, engagement, pack):
    """One version, as it was generated."""
    engagement = pages.engagement_of(engagement)
    pack = get_object_or_404(engagement.packs, pk=pack)
    crumb = (_("Go-live"), pages.url("engagements:go_live", engagement))
    context = pages.frame(engagement, crumb, _("Pack, version %s") % pack.version)
    context |= {"pack": pack, "sections": pack.content[1:], "lead": pack.content[0]["lead"]}
    return render(request, "engagements/pack.html", context)


@require_GET
@member_page()
def download(request, engagement, pack, form):
    """A file of one version, by an address that is good for five minutes."""
    pack = get_object_or_404(pages.engagement_of(engagement).packs, pk=pack)
    if form not in pack.files:
        raise Http404
    return redirect(_url(pack, form))


@listed("pack", PackSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="pack_generate",
    tags=TAGS,
    description="Generate the next version of the go-live pack; the ones before stay.",
    request=None,
    responses=responses({201: PackDetailSerializer}, 400, 403, 404, 409),
)
@api_view(["GET", "POST"])
@member_api(POST=Capability.ENGAGE, scoped=False)
def packs_of(request, engagement):
    """List the go-live packs of an engagement, newest first; POST generates one."""
    context = {"request": request}
    if request.method == "POST":
        pack = _generate(request, engagement, by=request.actor)
        with tenant_scope(request.tenant):
            return Response(PackDetailSerializer(pack, context=context).data, status=201)
    with tenant_scope(request.tenant):
        rows = pages.engagement_of(engagement).packs.select_related("engagement")
        return paged(request, rows, PackSerializer)


@extend_schema(
    operation_id="pack_read", tags=TAGS, responses=responses(PackDetailSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def pack(request, engagement, pack):
    """Read one version of the go-live pack with its content."""
    found = get_object_or_404(pages.engagement_of(engagement).packs, pk=pack)
    return Response(PackDetailSerializer(found, context={"request": request}).data)


def _generate(request, engagement, *, by):
    """Rows are read and written in transactions of their own; rendering and storage in none."""
    with tenant_scope(request.tenant):
        draft = services.draft(pages.engagement_of(engagement), by=by)
    stored = services.store(draft)
    with tenant_scope(request.tenant):
        return services.keep(stored, by=by)


def _url(pack, form) -> str:
    return media.signed_url(pack.files[form]["key"], save_as=services.file_name(pack, form))
