"""API of sessions."""

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from enablement import session_serializers as shapes
from enablement import sessions as services
from enablement.models import Session
from engagements.pages import engagement_of
from engagements.plan import possible_assignees
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Customer training"]
ENGAGE = Capability.ENGAGE


@listed("session", shapes.SessionSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="session_book",
    tags=TAGS,
    request=shapes.BookSessionSerializer,
    responses=responses({201: shapes.SessionDetailSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=ENGAGE)
def sessions(request, engagement):
    """List the sessions of an engagement, the last one first."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        rows = engagement.sessions.prefetch_related("attendances__user")
        return paged(request, rows, shapes.SessionSerializer, ordering="-starts_at")
    wanted = valid(shapes.BookSessionSerializer, request.data)
    wanted["people"] = _people(wanted["people"])
    made = services.book(engagement, wanted.pop("title"), **wanted, by=request.actor)
    return Response(shapes.SessionDetailSerializer(made).data, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="session_read",
    tags=TAGS,
    responses=responses(shapes.SessionDetailSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="session_change",
    tags=TAGS,
    request=shapes.ChangeSessionSerializer,
    responses=responses(shapes.SessionDetailSerializer, 400, 403, 404, 409, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=ENGAGE)
def session(request, session):
    """Read a session with its calendar file, or change it."""
    found = _found(session)
    if request.method == "PATCH":
        services.change(
            found, **valid(shapes.ChangeSessionSerializer, request.data), by=request.actor
        )
    return Response(shapes.SessionDetailSerializer(found).data)


@extend_schema(
    operation_id="session_call_off",
    tags=TAGS,
    request=None,
    responses=responses(shapes.SessionDetailSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(ENGAGE)
def call_off(request, session):
    """Call a session off; whoever is invited gets a mail."""
    found = services.call_off(_found(session), by=request.actor)
    return Response(shapes.SessionDetailSerializer(found).data)


@extend_schema(
    operation_id="session_attendance",
    tags=TAGS,
    request=shapes.AttendedSerializer,
    responses=responses(shapes.SessionDetailSerializer, 400, 403, 404, 415),
)
@api_view(["POST"])
@member_api(ENGAGE)
def attendance(request, session):
    """Note who was there, and what was said."""
    found, wanted = _found(session), valid(shapes.AttendedSerializer, request.data)
    present = _people(wanted["present"])
    services.note_attendance(found, present=present, notes=wanted["notes"], by=request.actor)
    return Response(shapes.SessionDetailSerializer(_found(session)).data)


@extend_schema(
    operation_id="session_rate",
    tags=TAGS,
    description="For those who were there, each once.",
    request=shapes.RateSessionSerializer,
    responses=responses({201: shapes.SessionDetailSerializer}, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api()
def rating(request, session):
    """Say how good a session was."""
    found, wanted = _found(session), valid(shapes.RateSessionSerializer, request.data)
    services.rate(found, **wanted, by=request.actor)
    return Response(shapes.SessionDetailSerializer(_found(session)).data, status=201)


@extend_schema(
    operation_id="session_recording",
    tags=TAGS,
    request={"multipart/form-data": shapes.RecordingSerializer},
    responses=responses({201: shapes.SessionDetailSerializer}, 400, 403, 404, 415),
)
@api_view(["POST"])
@parser_classes([MultiPartParser])
@member_api(ENGAGE, scoped=False)
def recording(request, session):
    """Attach a recording, in place of an earlier one."""
    with tenant_scope(request.tenant):
        found = _found(session)
    file = valid(shapes.RecordingSerializer, request.data)["recording"]
    name, key = services.store_recording(file, tenant_id=found.tenant_id)
    with tenant_scope(request.tenant):
        services.attach_recording(found, name=name, key=key, by=request.actor)
        return Response(shapes.SessionDetailSerializer(_found(session)).data, status=201)


def _found(pk):
    return get_object_or_404(Session.objects.select_related("engagement__tenant"), pk=pk)


def _people(ids):
    known = {one.pk: one for one in possible_assignees()}
    if not set(ids) <= known.keys():
        raise ValidationError({"people": _("Invite members and the vendor's staff.")})
    return [known[pk] for pk in ids]
