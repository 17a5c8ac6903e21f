"""Watches endpoints, one after the other: tallies, rules, drift that is due, retention."""

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.scoping import tenant_scope
from accounts.system import call
from feedback.alerts import defaults, evaluation
from feedback.models import Watch
from feedback.monitoring import drifting, retention
from feedback.monitoring.topics import monitoring_topic
from lepton.lib import live
from serving import rollups
from serving.models import Endpoint

BUSY_SECONDS, IDLE_SECONDS = 15.0, 300.0  # with new predictions, and without
AT_ONCE = 200
log = logging.getLogger(__name__)


def is_due() -> bool:
    """Say whether an endpoint was not watched for a while."""
    return bool(_due(1))


def watch_all() -> int:
    """Watch every endpoint that was not for a while, of all tenants; returns how many."""
    rows = _due(AT_ONCE)
    for endpoint_id, tenant_id in rows:
        try:
            watch(tenant_id, endpoint_id)
        except Exception:  # one endpoint never holds up the others
            log.exception("Could not watch endpoint %s", endpoint_id)
    return len(rows)


def watch(tenant_id, endpoint_id, *, seconds=BUSY_SECONDS) -> None:
    """Watch one endpoint, unless another worker began to within `seconds`."""
    with tenant_scope(tenant_id):
        endpoint = Endpoint.objects.select_related("engagement__tenant").get(pk=endpoint_id)
        if not _claim(endpoint, seconds):
            return
        kept_since = endpoint.watch.kept_since
    counted = _count(tenant_id, endpoint, kept_since)
    with tenant_scope(tenant_id):
        defaults.ensure(endpoint)
        evaluation.evaluate(endpoint)
        drifting.queue_if_due(endpoint)
        if counted:
            live.look_again(tenant_id, monitoring_topic(endpoint_id))
    retention.enforce(tenant_id, endpoint)


def _count(tenant_id, endpoint, kept_since) -> int:
    """Count what is due in short transactions: who writes predictions waits for none of them."""
    counted = 0
    while True:
        with tenant_scope(tenant_id):
            n = rollups.count_due(endpoint, kept_since=kept_since)
        counted += n
        if n < rollups.AT_ONCE:
            return counted


def _claim(endpoint, seconds) -> bool:
    Watch.objects.get_or_create(endpoint=endpoint)
    long_ago = timezone.now() - timedelta(seconds=seconds)
    mine = Watch.objects.filter(Q(looked_at=None) | Q(looked_at__lt=long_ago), endpoint=endpoint)
    return bool(mine.update(looked_at=timezone.now()))


def _due(at_once):
    return call("lepton_endpoints_to_watch", BUSY_SECONDS, IDLE_SECONDS, at_once)
