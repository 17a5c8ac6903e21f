"""The go-live page and its API."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from accounts.access import member_api, member_page
from engagements import acceptance, golive, pages
from engagements.acceptance_serializers import CheckSerializer
from engagements.contract_forms import WaiverForm
from engagements.models import Side, Signoff
from engagements.privacy import person_of
from lepton.lib.schema import responses


class GoLiveCheckSerializer(CheckSerializer):
    """A check of going live, whose people can act, and whether it guards later deployments."""

    sides = serializers.ListField(child=serializers.ChoiceField(choices=Side.choices))
    guards_production = serializers.BooleanField()


class GoLiveSerializer(serializers.Serializer):
    """Where an engagement stands towards going live."""

    is_now = serializers.BooleanField(help_text="It is in the phase whose gate this is.")
    is_open = serializers.BooleanField(
        help_text="Each holds or is waived: in its phase every check, later the guards."
    )
    live_since = serializers.DateTimeField(
        allow_null=True, help_text="From then on deployments are refused while a guard is unmet."
    )
    checks = GoLiveCheckSerializer(many=True)


@require_GET
@member_page()
def show(request, engagement):
    """Every check of going live as it is now, and what can be done about it."""
    engagement = pages.engagement_of(engagement)
    context = pages.frame(engagement, _("Go-live")) | golive.facts(engagement)
    kind = Signoff.Kind.GO_LIVE
    context["to_sign"] = [acceptance.to_sign(engagement, kind, person_of(request))]
    context["signoffs"] = list(engagement.signoffs.newest_first().filter(kind=kind)[:20])
    context["packs"] = engagement.packs.newest_first()[:10]
    if context["waivable"]:
        context["waiver_form"] = WaiverForm(gate=context["waivable"], auto_id="waiver_%s")
    return render(request, "engagements/go_live.html", context)


@require_GET
@member_page()
def checks(request, engagement):
    """The checks alone, for pages that are watching."""
    engagement = pages.engagement_of(engagement)
    context = {"engagement": engagement} | golive.facts(engagement)
    return render(request, "engagements/_go_live_checks.html", context)


@extend_schema(
    operation_id="go_live_read",
    tags=["Gates"],
    responses=responses(GoLiveSerializer, 403, 404),
)
@api_view(["GET"])
@member_api()
def read(request, engagement):
    """Read every check of going live, whichever phase the engagement is in."""
    found = golive.facts(pages.engagement_of(engagement))
    rows = [
        CheckSerializer(row["check"]).data
        | {"sides": row["sides"], "guards_production": row["guards"]}
        for row in found["rows"]
    ]
    answer = {"is_now": found["is_now"], "is_open": not found["unmet"], "checks": rows}
    answer["live_since"] = found["live"] and found["live"].created_at
    return Response(answer)
