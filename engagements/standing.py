"""Standings: what boards and lists show of an engagement, computed from rows and kept.

Computed again after everything that enters the timeline, and by a sweep for what time changes.
"""

import logging
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import Avg
from django.utils import timezone

from accounts.scoping import tenant_scope
from accounts.system import call
from engagements import asks, costs, figures, gates, health, iterations
from engagements.cards import metric
from engagements.models import Ask, Engagement, Rating, Side, Standing
from lepton.lib import live

log = logging.getLogger(__name__)
STALE_SECONDS = 300
AT_ONCE = 200


def refresh(engagement, *, with_cost=True) -> Standing:
    """Compute how an engagement stands and what it asks of whom, and keep both.

    What it cost takes the longest to add up, so `with_cost=False` leaves that as it was.
    """
    with transaction.atomic():
        engagement = (
            Engagement.objects.select_for_update(no_key=True, of=("self",))
            .select_related("tenant", "account_manager")
            .get(pk=engagement.pk)
        )
        gate = gates.look(engagement)
        facts = _facts(engagement, gate)
        facts["refreshed_at"] = timezone.now() - timedelta(
            seconds=STALE_SECONDS
        )  # the sweep's turn
        if with_cost:
            iterations.refresh_facts(engagement)
            facts |= {"cost_cents": costs.total_cents(engagement), "refreshed_at": timezone.now()}
        standing, _new = Standing.objects.update_or_create(engagement=engagement, defaults=facts)
        Ask.objects.filter(engagement=engagement).delete()
        Ask.objects.bulk_create(asks.of(engagement, gate))
        live.look_again(engagement.tenant_id, f"engagement:{engagement.pk}")
    return standing


def entry_made(entry, *, by) -> None:
    """Something entered the timeline: the engagement stands otherwise."""
    refresh_on_commit(entry.engagement)


def refresh_on_commit(engagement) -> None:
    """Refresh once what happens now is committed; trouble is logged, and the sweep comes by."""
    key = (engagement.tenant_id, engagement.pk)
    transaction.on_commit(lambda: _refresh_quietly(*key, with_cost=False), robust=True)


def refresh_stale(*, older_than_seconds=STALE_SECONDS, at_once=AT_ONCE) -> int:
    """Refresh what was not looked at for a while, of all tenants; returns how many that were."""
    rows = call("lepton_stale_standings", float(older_than_seconds), at_once)
    for engagement_id, tenant_id in rows:
        _refresh_quietly(tenant_id, engagement_id)
    return len(rows)


def any_is_stale() -> bool:
    """Say whether an engagement was not looked at for a while."""
    return bool(call("lepton_stale_standings", float(STALE_SECONDS), 1))


def _refresh_quietly(tenant_id, engagement_id, *, with_cost=True):
    try:
        with tenant_scope(tenant_id):
            found = Engagement.objects.filter(pk=engagement_id).first()
            if found:
                refresh(found, with_cost=with_cost)
    except DatabaseError as error:
        log.warning("Could not refresh the standing of %s: %s", engagement_id, error)


def _facts(engagement, gate) -> dict:
    inputs, late = health.look(engagement), engagement.actionitems.overdue()
    rated = Rating.objects.filter(milestone__engagement=engagement)
    blocking = gate.unmet[0] if gate.unmet else None
    shown = metric(engagement.requirement, figures.newest([engagement.pk]).get(engagement.pk, {}))
    return {
        "blocking_key": blocking.key if blocking else "",
        "blocking_words": gates.in_words(blocking) if blocking else "",
        "unmet": len(gate.unmet),
        "health": health.score(inputs),
        "health_inputs": inputs,
        "metric": shown and shown | {"label": str(shown["label"])},
        "overdue_vendor": late.filter(side=Side.VENDOR).count(),
        "overdue_customer": late.filter(side=Side.CUSTOMER).count(),
        "satisfaction": rated.aggregate(mean=Avg("score"))["mean"],
    }
