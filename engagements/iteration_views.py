"""Page and API of the iterations: what each came to; cost only for the vendor."""

from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from rest_framework.decorators import api_view

from accounts.access import member_api, member_page
from engagements import economics_serializers as serializers
from engagements import iterations, pages
from engagements.privacy import side_of, without_private
from lepton.lib.paging import paged
from lepton.lib.schema import listed


@require_GET
@member_page()
def show(request, engagement):
    """The iterations side by side, newest first."""
    engagement = pages.engagement_of(engagement)
    context = pages.frame(engagement, _("Iterations"))
    found = without_private(iterations.measure(engagement), side_of(request))
    card = engagement.rate_card
    context |= {"iterations": found[::-1], "currency": card.currency if card else ""}
    context["with_cost"] = "cost_cents" in found[0]
    return render(request, "engagements/iterations.html", context)


@listed("iteration", serializers.IterationSerializer, tags=["Iterations"])
@api_view(["GET"])
@member_api()
def as_json(request, engagement):
    """List the rounds of the loop, newest first, with what each came to."""
    found = pages.engagement_of(engagement)
    facts = {one["number"]: one for one in iterations.measure(found)}
    shape = serializers.IterationSerializer
    return paged(request, found.iterations.all(), shape, ordering="-number", facts=facts)
