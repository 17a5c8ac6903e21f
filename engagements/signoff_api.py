"""API of sign-offs."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import acceptance_serializers as serializers
from engagements import pages
from engagements import signoffs as services
from engagements.models import Signoff
from lepton.lib.canonical import sha256_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Acceptance"]


@extend_schema(
    operation_id="statement_list",
    tags=TAGS,
    responses=responses(serializers.StatementSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def statements(request, engagement):
    """List what is to be signed now, with the hash to sign it by."""
    found = pages.engagement_of(engagement)
    rows = [_statement(found, kind) for kind in Signoff.Kind]
    return Response(serializers.StatementSerializer(rows, many=True).data)


@listed("signoff", serializers.SignoffSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="signoff_sign",
    tags=TAGS,
    description="Sign what was read, named by its hash; 409 if it has changed since.",
    request=serializers.NewSignoffSerializer,
    responses=responses({201: serializers.SignoffSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["GET", "POST"])
@member_api(Capability.VIEW, POST=Capability.ENGAGE)
def signoffs(request, engagement):
    """List every signature and every entry that takes one back, newest first."""
    found = pages.engagement_of(engagement)
    if request.method == "GET":
        return paged(request, found.signoffs.all(), serializers.SignoffSerializer)
    wanted = valid(serializers.NewSignoffSerializer, request.data)
    kind, sha256 = wanted["kind"], wanted["sha256"]
    signed = services.sign(found, kind, sha256=sha256, by=request.actor)
    return Response(serializers.SignoffSerializer(signed).data, status=201)


@extend_schema(
    operation_id="signoff_revoke",
    tags=TAGS,
    request=serializers.RevocationSerializer,
    responses=responses({201: serializers.SignoffSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(Capability.ENGAGE)
def revoke(request, engagement, signoff):
    """Take one's own signature back by a further entry."""
    found = get_object_or_404(pages.engagement_of(engagement).signoffs, pk=signoff)
    wanted = valid(serializers.RevocationSerializer, request.data)
    entry = services.revoke(found, reason=wanted["reason"], by=request.actor)
    return Response(serializers.SignoffSerializer(entry).data, status=201)


def _statement(engagement, kind):
    wanted = services.statement(engagement, kind)
    return {
        "kind": kind,
        "statement": wanted,
        "sha256": sha256_of(wanted) if wanted else "",
        "signed": services.standing(engagement, kind),
        "missing": services.missing(engagement, kind),
    }
