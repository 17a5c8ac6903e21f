"""API of members, API keys and audit entries, and of what lies above any tenant."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from accounts import invitations, serializers, services, system
from accounts.access import member_api
from accounts.models import ApiKey, AuditEntry, Membership
from accounts.roles import Capability
from lepton.lib.paging import paged
from lepton.lib.schema import listed, page_of, responses
from lepton.lib.strict import valid

MANAGE = Capability.MANAGE


@extend_schema(operation_id="me", tags=["You"], responses=responses(serializers.MeSerializer))
@api_view(["GET"])
def me(request):
    """Say who is asking."""
    key, user = request.auth, request.user
    facts = {
        "kind": "key" if key else "person",
        "name": key.name if key else user.name,
        "email": None if key else user.email,
        "staff_role": None if key else user.staff_role or None,
        "scopes": key.scopes if key else None,
        "tenants": _tenants(request),
    }
    return Response(serializers.MeSerializer(facts).data)


@extend_schema(
    methods=["GET"],
    operation_id="tenant_list",
    tags=["Tenants"],
    responses=responses(serializers.TenantSerializer(many=True)),
)
@extend_schema(
    methods=["POST"],
    operation_id="tenant_create",
    tags=["Tenants"],
    description="Open a tenant; vendor staff only.",
    request=serializers.NewTenantSerializer,
    responses=responses({201: serializers.TenantSerializer}, 400, 403, 415),
)
@api_view(["GET", "POST"])
def tenants(request):
    """List the tenants one belongs to."""
    if request.method == "GET":
        return Response(serializers.TenantSerializer(_tenants(request), many=True).data)
    if not request.user.is_vendor_staff:
        raise PermissionDenied(_("Only vendor staff can open a tenant."))
    wanted = valid(serializers.NewTenantSerializer, request.data)
    tenant = services.create_tenant(wanted["slug"], name=wanted["name"], by=request.user)
    facts = system.tenant_for(request.user, tenant.slug)
    return Response(serializers.TenantSerializer(facts).data, status=201)


@listed("member", serializers.MemberSerializer, tags=["Members"])
@extend_schema(
    methods=["POST"],
    operation_id="member_add",
    tags=["Members"],
    description="Invite a person; they get a mail with a link to choose their password.",
    request=serializers.NewMemberSerializer,
    responses=responses({201: serializers.InvitedMemberSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=MANAGE)
def members(request):
    """List who belongs to the tenant."""
    if request.method == "GET":
        return paged(request, Membership.objects.by_name(), serializers.MemberSerializer)
    wanted = valid(serializers.NewMemberSerializer, request.data)
    return _invited(invitations.invite(**wanted, by=request.actor), status=201)


@extend_schema(
    methods=["GET"],
    operation_id="member_read",
    tags=["Members"],
    responses=responses(serializers.MemberSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="member_change_role",
    tags=["Members"],
    request=serializers.NewRoleSerializer,
    responses=responses(serializers.MemberSerializer, 400, 403, 404, 415),
)
@extend_schema(
    methods=["DELETE"],
    operation_id="member_remove",
    tags=["Members"],
    description="End a membership.",
    responses=responses(None, 400, 403, 404),
)
@api_view(["GET", "PATCH", "DELETE"])
@member_api(Capability.VIEW, PATCH=MANAGE, DELETE=MANAGE)
def member(request, member):
    """Read a member, give them another role, or end their membership."""
    membership = get_object_or_404(Membership.objects.by_name(), pk=member)
    if request.method == "GET":
        return Response(serializers.MemberSerializer(membership).data)
    if request.method == "DELETE":
        services.remove_member(membership, by=request.actor)
        return Response(status=204)
    wanted = valid(serializers.NewRoleSerializer, request.data)
    services.change_role(membership, role=wanted["role"], by=request.actor)
    membership.refresh_from_db()
    return Response(serializers.MemberSerializer(membership).data)


@extend_schema(
    operation_id="member_invite_again",
    tags=["Members"],
    request=None,
    responses=responses(serializers.InvitedMemberSerializer, 400, 403, 404),
)
@api_view(["POST"])
@member_api(MANAGE)
def invite_again(request, member):
    """Send another link to somebody without a password yet; earlier ones stop working."""
    membership = get_object_or_404(Membership.objects.by_name(), pk=member)
    return _invited(invitations.invite_again(membership, by=request.actor), status=200)


@listed("key", serializers.KeySerializer, tags=["API keys"])
@extend_schema(
    methods=["POST"],
    operation_id="key_create",
    tags=["API keys"],
    description="Make a key. The answer is the only one that holds the key itself.",
    request=serializers.CreateKeySerializer,
    responses=responses({201: serializers.NewKeySerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=MANAGE)
def keys(request):
    """List the tenant's API keys."""
    if request.method == "GET":
        return paged(request, ApiKey.objects.newest_first(), serializers.KeySerializer)
    wanted = valid(serializers.CreateKeySerializer, request.data)
    return _new_key(services.create_key(wanted.pop("name"), **wanted, by=request.actor))


@extend_schema(
    operation_id="key_revoke",
    tags=["API keys"],
    request=None,
    responses=responses(serializers.KeySerializer, 403, 404),
)
@api_view(["POST"])
@member_api(MANAGE)
def revoke_key(request, key):
    """Refuse a key from now on; doing so twice changes nothing."""
    row = get_object_or_404(ApiKey, pk=key)
    services.revoke_key(row, by=request.actor)
    row.refresh_from_db()
    return Response(serializers.KeySerializer(row).data)


@extend_schema(
    operation_id="key_rotate",
    tags=["API keys"],
    request=serializers.RotateKeySerializer,
    responses=responses({201: serializers.NewKeySerializer}, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(MANAGE)
def rotate_key(request, key):
    """Make a new key with the same scopes; the old one works until the given time."""
    wanted = valid(serializers.RotateKeySerializer, request.data)
    row = get_object_or_404(ApiKey, pk=key)
    return _new_key(services.rotate_key(row, until=wanted["old_works_until"], by=request.actor))


@extend_schema(
    operation_id="audit_list",
    tags=["Audit"],
    parameters=[serializers.AuditQuerySerializer],
    responses=responses(page_of(serializers.AuditEntrySerializer), 400, 403, 404),
)
@api_view(["GET"])
@member_api()
def audit(request):
    """List who did what, newest first."""
    wanted = valid(serializers.AuditQuerySerializer, request.query_params.dict())
    narrowed = {name: wanted.get(name) for name in ("who", "verb", "day")}
    found = AuditEntry.objects.matching(**narrowed)
    return paged(request, found, serializers.AuditEntrySerializer, ordering="-at")


def _tenants(request):
    if key := request.auth:
        return [system.TenantFacts(key.tenant_id, key.tenant_slug, key.tenant_slug, None)]
    return system.tenants_of(request.user)


def _invited(invitation, *, status):
    context = {"link": invitation.link}
    data = serializers.InvitedMemberSerializer(invitation.membership, context=context).data
    return Response(data, status=status, headers={"Cache-Control": "no-store"})


def _new_key(made):
    row, secret = made
    data = serializers.NewKeySerializer(row, context={"secret": secret}).data
    return Response(data, status=201, headers={"Cache-Control": "no-store"})
