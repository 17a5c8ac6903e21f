"""Standings: what boards and lists show of an engagement, computed from rows and kept.

Computed again after everything that enters the timeline, and by a sweep for what time changes.
"""

import logging
import time
import uuid
from collections import Counter
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Avg
from django.utils import timezone, translation

from accounts.scoping import tenant_scope
from accounts.system import call
from engagements import asks, figures, gates, health, iterations
from engagements.cards import metric
from engagements.models import Ask, Engagement, Rating, Side, Standing
from lepton.lib import live

log = logging.getLogger(__name__)
STALE_SECONDS = 3600  # so much later what is due, and what was used up, is looked at again
AT_ONCE = 200


def refresh(engagement_id, *, with_cost=True) -> Standing:
    """Compute how an engagement stands and what it asks of whom, and keep both.

    What it cost takes the longest to add up, so `with_cost=False` leaves that to the next sweep.
    Pages are told to look again only if something came out otherwise than before.
    """
    english = translation.override(settings.LANGUAGE_CODE)
    with transaction.atomic(savepoint=False), english:
        engagement = Engagement.objects.held(engagement_id)
        gate = gates.look(engagement)
        facts = _facts(engagement, gate)
        if with_cost:
            facts["cost_cents"] = iterations.refresh_facts(engagement)
        standing, is_new = _keep(engagement, facts, with_cost)
        if _ask(engagement, gate) or is_new:
            live.look_again(engagement.tenant_id, engagement.topic, live.DESK)
    return standing


def entry_made(entry, *, by) -> None:
    """Something entered the timeline: the engagement stands otherwise."""
    refresh_on_commit(entry.engagement)


def refresh_on_commit(engagement) -> None:
    """Refresh once what happens now is committed, however often it is asked for until then."""
    wanted = _Wanted(engagement.tenant_id, engagement.pk)
    if all(function != wanted for _ids, function, *_more in connection.run_on_commit):
        transaction.on_commit(wanted, robust=True)


def refresh_stale(*, older_than_seconds=STALE_SECONDS, at_once=AT_ONCE) -> int:
    """Refresh what was not looked at for a while, of all tenants; returns how many that were."""
    rows = call("lepton_stale_standings", float(older_than_seconds), at_once)
    for engagement_id, tenant_id in rows:
        _refresh_quietly(tenant_id, engagement_id)
    return len(rows)


def refresh_all(*, older_than_seconds=STALE_SECONDS) -> int:
    """Refresh until nothing is left that was stale when this began; returns how many that were."""
    began, done = time.monotonic(), 0
    while n := refresh_stale(older_than_seconds=older_than_seconds + time.monotonic() - began):
        done += n
    return done


def any_is_stale() -> bool:
    """Say whether an engagement was not looked at for a while."""
    return bool(call("lepton_stale_standings", float(STALE_SECONDS), 1))


class _Wanted(NamedTuple):
    """A refresh that waits for the commit."""

    tenant_id: uuid.UUID
    engagement_id: uuid.UUID

    def __call__(self):
        _refresh_quietly(self.tenant_id, self.engagement_id, with_cost=False)


def _refresh_quietly(tenant_id, engagement_id, *, with_cost=True):
    """Refresh; trouble is logged and put off, so that one engagement never holds up the others."""
    try:
        with tenant_scope(tenant_id):
            refresh(engagement_id, with_cost=with_cost)
    except Engagement.DoesNotExist:
        pass
    except Exception:
        log.exception("Could not refresh the standing of %s", engagement_id)
        _put_off(tenant_id, engagement_id)


def _put_off(tenant_id, engagement_id):
    try:
        with tenant_scope(tenant_id):
            looked_at = {"refreshed_at": timezone.now()}
            Standing.objects.update_or_create(engagement_id=engagement_id, defaults=looked_at)
    except DatabaseError as error:
        log.warning("Could not put off the standing of %s: %s", engagement_id, error)


def _keep(engagement, facts, is_whole) -> tuple[Standing, bool]:
    """Keep the facts; returns the row and whether they are new."""
    before = Standing.objects.filter(engagement=engagement).first()
    is_new = before is None or any(getattr(before, k) != v for k, v in facts.items())
    kept = before or Standing(engagement=engagement)
    looked_at = timezone.now()
    if not is_whole:
        looked_at -= timedelta(seconds=STALE_SECONDS)  # the next sweep's turn
    facts = facts | {"refreshed_at": looked_at}
    for name, value in facts.items():
        setattr(kept, name, value)
    kept.save(update_fields=None if before is None else facts)
    return kept, is_new


def _ask(engagement, gate) -> bool:
    """Write the asks anew where they changed; those that stay keep since when they wait."""
    wanted = asks.of(engagement, gate)
    before = {_what(one): one.since for one in Ask.objects.filter(engagement=engagement)}
    if before.keys() == {_what(one) for one in wanted}:
        return False
    for one in wanted:
        one.since = before.get(_what(one), one.since)
    Ask.objects.filter(engagement=engagement).delete()
    Ask.objects.bulk_create(wanted)
    return True


def _what(ask) -> tuple:
    return ask.kind, str(sorted(ask.params.items())), ask.url, ask.side, ask.user_id, ask.due_on


def _facts(engagement, gate) -> dict:
    inputs = health.look(engagement)
    late = Counter(engagement.actionitems.overdue().values_list("side", flat=True))
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
        "overdue_vendor": late[Side.VENDOR],
        "overdue_customer": late[Side.CUSTOMER],
        "satisfaction": rated.aggregate(mean=Avg("score"))["mean"],
    }
