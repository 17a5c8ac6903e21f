"""API of tickets."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from accounts.scoping import tenant_scope
from engagements import documents, response
from engagements.models import Side
from engagements.pages import engagement_of
from engagements.privacy import side_of
from engagements.vendor import portfolio_api, vendor_api
from feedback.tickets import reading, services, times
from feedback.tickets import serializers as shapes
from feedback.tickets.models import TicketMessage
from lepton.lib.paging import paged
from lepton.lib.parsers import JSONParser
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Tickets"]
FEEDBACK = Capability.FEEDBACK


@listed("ticket", shapes.TicketSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="ticket_open",
    tags=TAGS,
    request=shapes.NewTicketSerializer,
    responses=responses({201: shapes.TicketSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=FEEDBACK)
def tickets(request, engagement):
    """List the tickets of an engagement, the longest overdue first; POST asks for help."""
    engagement = engagement_of(engagement)
    if request.method == "GET":
        rows = reading.of(engagement)
        return paged(request, rows, shapes.TicketSerializer, ordering=reading.BY_DUE)
    wanted = dict(valid(shapes.NewTicketSerializer, request.data))
    given = {name: wanted.pop(name, None) for name in ("prediction", "model_version")}
    found = reading.about(**given)
    if missing := [name for name, pk in given.items() if pk and found[name] is None]:
        raise ValidationError({missing[0]: _("There is none with this id here.")})
    via = TicketMessage.Via.API
    made = services.open_ticket(engagement, **wanted, **found, by=request.actor, via=via)
    return Response(shapes.TicketSerializer(made).data, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="ticket_read",
    tags=TAGS,
    responses=responses(shapes.TicketSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="ticket_triage",
    tags=TAGS,
    description="Say how bad it is, and who sees to it; the vendor's people only.",
    request=shapes.TriageSerializer,
    responses=responses(shapes.TicketSerializer, 400, 403, 404, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=FEEDBACK)
def ticket(request, ticket):
    """Read one ticket."""
    row = reading.one(ticket)
    if request.method == "PATCH":
        services.refuse_unless_vendor(request.actor)
        wanted = valid(shapes.TriageSerializer, request.data)
        row = services.triage(row, **wanted, by=request.actor)
    return Response(shapes.TicketSerializer(row).data)


@listed("ticket_message", shapes.MessageSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="ticket_say",
    tags=TAGS,
    request=shapes.NewMessageSerializer,
    responses=responses({201: shapes.MessageSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@parser_classes([JSONParser, MultiPartParser])
@member_api(POST=FEEDBACK, scoped=False)
def messages(request, ticket):
    """List what was said in a ticket, oldest first; POST says more, with a file if it helps."""
    side = side_of(request)
    is_vendor = side == Side.VENDOR
    shape = shapes.VendorMessageSerializer if is_vendor else shapes.MessageSerializer
    with tenant_scope(request.tenant):
        row = reading.one(ticket)
        if request.method == "GET":
            rows = row.messages.for_side(side)
            return paged(request, rows, shape, ordering="created_at")
    wanted = valid(shapes.NewMessageSerializer, request.data)
    if file := wanted.pop("file", None):
        wanted["file"] = documents.store(file, tenant_id=row.tenant_id)
    with tenant_scope(request.tenant):
        said = services.say(row, **wanted, by=request.actor, via=TicketMessage.Via.API)
        return Response(shape(said).data, status=201)


@extend_schema(
    operation_id="ticket_resolve",
    tags=TAGS,
    request=None,
    responses=responses(shapes.TicketSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(FEEDBACK)
def resolve(request, ticket):
    """Note that it is settled."""
    row = services.resolve(reading.one(ticket), by=request.actor)
    return Response(shapes.TicketSerializer(row).data)


@extend_schema(
    operation_id="ticket_reopen",
    tags=TAGS,
    request=None,
    responses=responses(shapes.TicketSerializer, 403, 404, 409),
)
@api_view(["POST"])
@member_api(FEEDBACK)
def reopen(request, ticket):
    """Take back that it is settled."""
    row = services.reopen(reading.one(ticket), by=request.actor)
    return Response(shapes.TicketSerializer(row).data)


@extend_schema(
    operation_id="support_read", tags=TAGS, responses=responses(shapes.SupportSerializer, 403, 404)
)
@api_view(["GET"])
@member_api()
def support(request, engagement):
    """Read what response times are promised, and how they were kept."""
    return Response(_support(engagement_of(engagement)))


@extend_schema(
    operation_id="response_hours_set",
    tags=TAGS,
    description="Promise other response times from now on; account managers only.",
    request=shapes.HoursSerializer,
    responses=responses(shapes.SupportSerializer, 400, 403, 404, 415),
)
@api_view(["PATCH"])
@vendor_api
def response_hours(request, engagement):
    """Promise response times in an engagement."""
    wanted = valid(shapes.HoursSerializer, request.data)
    return Response(_support(response.promise(engagement_of(engagement), wanted, by=request.user)))


@listed("ticket_queue", shapes.QueuedTicketSerializer, tags=TAGS, refusals=(404,))
@api_view(["GET"])
@portfolio_api
def queue(request):
    """List the unresolved tickets of all tenants, the longest overdue first; vendor staff only."""
    rows = reading.queue()
    return paged(request, rows, shapes.QueuedTicketSerializer, ordering=reading.BY_DUE)


def _support(engagement):
    facts = times.of(engagement) | {"hours": response.hours_of(engagement)}
    return shapes.SupportSerializer(facts).data
