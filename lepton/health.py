"""Health for load balancers and metrics for Prometheus; neither names a tenant."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse
from django.middleware.common import CommonMiddleware
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily

from accounts import system
from accounts.access import public

PROBES = ("/livez", "/readyz", "/metrics")


class NamedHostsExceptForProbes(CommonMiddleware):
    """Django's own, which refuses foreign hosts; machines that probe know a process by its IP."""

    def process_request(self, request):
        return None if request.path in PROBES else super().process_request(request)


@public
def livez(request):
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@public
def readyz(request):
    """The process can do its work: its database and broker answer."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    return JsonResponse(parts, status=200 if all(parts.values()) else 503)


@public
def metrics(request):
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


class RowCounts:
    """Prometheus collector: how many rows of what are in which state, over all tenants."""

    def collect(self):
        rows = GaugeMetricFamily("lepton_rows", "Rows by kind and state.", labels=["kind", "state"])
        up = GaugeMetricFamily("lepton_database_up", "1 if the database answers, else 0.")
        counts = self._counts()
        for kind, state, count in counts or []:
            rows.add_metric([kind, state], count)
        up.add_metric([], 0 if counts is None else 1)
        yield from (rows, up)

    def _counts(self):
        """The counts, or None while the database is away: the other metrics are still wanted."""
        try:
            return system.call("lepton_counts")
        except DatabaseError:
            return None

    def describe(self):
        return []


REGISTRY.register(RowCounts())


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False


def _broker_answers() -> bool:
    try:
        client = redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
        with client:
            return bool(client.ping())
    except redis.RedisError:
        return False
