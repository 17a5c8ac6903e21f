"""API of action items, iterations and templates."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.access import member_api
from accounts.roles import Capability
from engagements import pages, plan
from engagements import plan_serializers as shapes
from engagements.models import EngagementTemplate
from engagements.plan_rights import refuse_unless_owed_by
from engagements.privacy import side_of
from lepton.lib.paging import paged
from lepton.lib.schema import listed, responses
from lepton.lib.strict import valid

TAGS = ["Plan"]
ENGAGE = Capability.ENGAGE
CHANGED = responses(shapes.ActionItemSerializer, 400, 403, 404, 409)


@listed("action_item", shapes.ActionItemSerializer, tags=TAGS)
@extend_schema(
    methods=["POST"],
    operation_id="action_item_add",
    tags=TAGS,
    request=shapes.NewActionItemSerializer,
    responses=responses({201: shapes.ActionItemSerializer}, 400, 403, 404, 415),
)
@api_view(["GET", "POST"])
@member_api(POST=ENGAGE)
def action_items(request, engagement):
    """List what each side has to do, newest first."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    items = engagement.actionitems.for_side(side).prefetch_related("needs")
    if request.method == "GET":
        return paged(request, items, shapes.ActionItemSerializer, side=side)
    wanted = _with_rows(engagement, items, valid(shapes.NewActionItemSerializer, request.data))
    made = plan.add_item(engagement, wanted.pop("title"), **wanted, by=request.actor)
    return _answer(made, side, status=201)


@extend_schema(
    methods=["GET"],
    operation_id="action_item_read",
    tags=TAGS,
    responses=responses(shapes.ActionItemSerializer, 403, 404),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="action_item_change",
    tags=TAGS,
    request=shapes.ChangeActionItemSerializer,
    responses=responses(shapes.ActionItemSerializer, 400, 403, 404, 409, 415),
)
@api_view(["GET", "PATCH"])
@member_api(PATCH=ENGAGE)
def action_item(request, engagement, item):
    """Read an action item, or change an open one."""
    engagement, side = pages.engagement_of(engagement), side_of(request)
    items = engagement.actionitems.for_side(side)
    if request.method == "GET":
        return _answer(get_object_or_404(items, pk=item), side)
    wanted = _with_rows(engagement, items, valid(shapes.ChangeActionItemSerializer, request.data))
    found = get_object_or_404(items, pk=item)
    return _answer(plan.change_item(found, **wanted, by=request.actor), side)


@extend_schema(operation_id="action_item_done", tags=TAGS, request=None, responses=CHANGED)
@api_view(["POST"])
@member_api()
def action_item_done(request, engagement, item):
    """Note that it is done; refused with 409 while what it needs is open."""
    refuse_unless_owed_by(request, item)
    return _act(request, engagement, item, plan.complete_item)


@extend_schema(operation_id="action_item_reopen", tags=TAGS, request=None, responses=CHANGED)
@api_view(["POST"])
@member_api()
def action_item_reopen(request, engagement, item):
    """Take back that it was done or dropped."""
    refuse_unless_owed_by(request, item)
    return _act(request, engagement, item, plan.reopen_item)


@extend_schema(
    operation_id="action_item_drop",
    tags=TAGS,
    request=shapes.ReasonSerializer,
    responses=responses(shapes.ActionItemSerializer, 400, 403, 404, 409, 415),
)
@api_view(["POST"])
@member_api(ENGAGE)
def action_item_drop(request, engagement, item):
    """Note that it is no longer needed."""
    wanted = valid(shapes.ReasonSerializer, request.data)
    return _act(request, engagement, item, plan.drop_item, **wanted)


@extend_schema(
    operation_id="template_list",
    tags=TAGS,
    responses=responses(shapes.TemplateSerializer(many=True), 403, 404),
)
@api_view(["GET"])
@member_api()
def templates(request):
    """List the types of engagement that can be opened."""
    offered = EngagementTemplate.objects.offered()
    return Response(shapes.TemplateSerializer(offered, many=True).data)


def _act(request, engagement, item, act, **words):
    side = side_of(request)
    items = pages.engagement_of(engagement).actionitems.for_side(side)
    return _answer(act(get_object_or_404(items, pk=item), by=request.actor, **words), side)


def _answer(item, side, status=200):
    data = shapes.ActionItemSerializer(item, context={"side": side}).data
    return Response(data, status=status)


def _with_rows(engagement, items, wanted) -> dict:
    """Put people and items in the place of their ids."""
    if "assignee" in wanted:
        wanted["assignee"] = _person(engagement, wanted["assignee"])
    if "needs" in wanted:
        found = {one.pk: one for one in items.filter(pk__in=wanted["needs"])}
        if missing := [str(pk) for pk in wanted["needs"] if pk not in found]:
            words = _("This engagement has no such action item: %s.") % ", ".join(missing)
            raise ValidationError({"needs": [words]})
        wanted["needs"] = list(found.values())
    return wanted


def _person(engagement, pk):
    people = {one.pk: one for one in plan.possible_assignees()}
    if pk is not None and pk not in people:
        raise ValidationError({"assignee": [_("There is no such person here.")]})
    return people.get(pk)
