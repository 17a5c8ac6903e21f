"""Milliseconds that monitoring and the search of the log take with a million predictions."""

import argparse
import sys
import time

from benchmarks.desk.pages import row
from benchmarks.installation import an_installation, analyse

# A year, more by day than by night; a class of 1 in 10,000; one prediction in 50 is answered.
PREDICTIONS = """
INSERT INTO serving_prediction (id, tenant_id, endpoint_id, model_version_id, at, source,
  reference, label, score, scores, latency_ms, input_sha256, input_key)
SELECT gen_random_uuid(), %(tenant)s, %(endpoint)s, %(version)s,
  now() - (i + 0.8 * sin(i * 2 * pi() / per_day)) * interval '365 days' / %(n)s, 'api',
  'part-' || i, CASE WHEN i %% 10000 = 0 THEN 'rare' WHEN i %% 5 = 0 THEN 'scratch' ELSE 'ok' END,
  s, ARRAY[s, 1 - s], exp(2.5 + random()), md5(i::text), ''
FROM generate_series(1, %(n)s) i,
LATERAL (SELECT 1 - 0.5 * random() ^ 4 AS s, %(n)s / 365.0 AS per_day) facts
"""
FEEDBACK = """
INSERT INTO feedback_feedback (id, tenant_id, prediction_id, verdict, label, comment,
  created_by_label, created_at, is_adjudication, endpoint_id, model_version_id, predicted_at,
  predicted_label)
SELECT gen_random_uuid(), tenant_id, id, CASE WHEN label = 'rare' THEN 'correct' ELSE 'confirm' END,
  CASE WHEN label = 'rare' THEN 'ok' ELSE '' END, '', 'benchmark', at, false, endpoint_id,
  model_version_id, at, label
FROM serving_prediction WHERE reference LIKE 'part-%%00' OR reference LIKE 'part-%%50'
"""


def main():
    """Fill a database of its own, time the pages through Django's client, and delete it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--predictions", type=int, default=1_000_000)
    wanted = arguments.parse_args()
    with an_installation():
        measure(wanted.predictions)


def measure(n: int) -> None:
    """Fill and time; prints medians in milliseconds, with the queries of each page."""
    began = time.monotonic()
    owner, place = fill(n)
    analyse()
    print(f"{n:,} predictions, made in {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    print(f"{count(place):,} of them tallied in {time.monotonic() - began:.0f} s\n")
    analyse()
    print(f"{'page':72}{'median ms':>10}{'worst ms':>10}{'queries':>9}")
    for page in pages(place):
        shown = page.replace(str(place.engagement.pk), "<engagement>")
        print(f"{shown:38}{row(owner, page).removeprefix(page).strip():>63}")


def fill(n: int):
    """Make a tenant with one of everything, and `n` predictions of a year at its endpoint."""
    from django.db import connection

    from accounts import services as accounts
    from accounts.scoping import tenant_scope
    from serving.models import Prediction
    from tests import factories, world

    tenant = accounts.create_tenant(
        "acme", name="Acme", by=factories.staff("Mei", "account_manager")
    )
    owner = factories.member(tenant, "Alice", "owner")
    place = world.build(tenant, owner)
    names = {"tenant": tenant.pk, "endpoint": place.endpoint.pk, "version": place.model.pk, "n": n}
    with tenant_scope(tenant), connection.cursor() as cursor:
        cursor.execute(PREDICTIONS, names)
        cursor.execute(FEEDBACK, {})
        assert Prediction.objects.count() == n + 1
    return owner, place


def count(place) -> int:
    """Count every hour as a worker does, and hold the tallies against the rows."""
    from django.db.models import Count, Sum

    from accounts.scoping import tenant_scope
    from feedback.monitoring import watching
    from serving.models import HourlyTally, Prediction

    watching.watch(place.tenant.pk, place.endpoint.pk, seconds=0)
    with tenant_scope(place.tenant):
        tallied = HourlyTally.objects.aggregate(n=Sum("n"), score=Sum("score_sum"))
        logged = Prediction.objects.aggregate(n=Count("pk"), score=Sum("score"))
        assert tallied["n"] == logged["n"]
        assert abs(tallied["score"] - logged["score"]) < 1e-6 * logged["score"]
    return tallied["n"]


def pages(place) -> list[str]:
    page = f"/t/acme/e/{place.engagement.pk}"
    api = "/api/v1/tenants/acme"
    searches = ["", "?label=rare", "?score_to=52", "?reference=part-77", "?label=rare&score_to=60"]
    searches += ["?answer=correct", f"?client={place.key.pk}"]
    periods = ("24h", "7d", "30d", "90d")
    return [
        *(f"{page}/monitoring/?period={one}" for one in periods),
        f"{page}/panels/monitoring/",
        f"{page}/monitoring/alerts/",
        *(f"{page}/feedback/{one}" for one in searches),
        f"{api}/predictions?since=2026-01-01T00:00Z&until=2026-01-02T00:00Z&label=rare",
        f"{api}/engagements/{place.engagement.pk}/live-quality?period=90d",
    ]


if __name__ == "__main__":
    sys.exit(main())
