"""Milliseconds a page of the desk takes with thousands of engagements, and its queries."""

import argparse
import os
import platform
import statistics
import sys
import time
from datetime import timedelta

from benchmarks.installation import an_installation, analyse

ROUNDS = 15


def main():
    """Fill a database of its own, time the pages through Django's client, and delete it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--tenants", type=int, default=500)
    arguments.add_argument("--each", type=int, default=10, help="engagements a tenant")
    wanted = arguments.parse_args()
    with an_installation():
        measure(wanted.tenants, wanted.each)


def measure(tenants: int, each: int) -> None:
    """Fill and time; prints a table of medians in milliseconds, with the queries of each page."""
    import django

    began = time.monotonic()
    mei, owner, slug = fill(tenants, each)
    analyse()
    print(f"{tenants * each:,} engagements of {tenants} tenants, made in", end=" ")
    print(f"{time.monotonic() - began:.0f} s")
    print(f"Django {django.get_version()}, Python {platform.python_version()},", end=" ")
    print(f"{os.cpu_count()} cores ({platform.machine()})\n")
    print(f"{'page':34}{'median ms':>10}{'worst ms':>10}{'queries':>9}")
    for person, page in [
        (mei, "/board/"),
        (mei, "/board/?text=line+7"),
        (mei, "/board/list/"),
        (mei, "/board/list/?state=overdue"),
        (mei, "/board/portfolio/"),
        (owner, f"/t/{slug}/"),
    ]:
        print(row(person, page))


def row(person, page: str) -> str:
    """One page, asked for `ROUNDS` times after a first time that does not count."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(person)
    assert client.get(page).status_code == 200, page
    took = []
    for _round in range(ROUNDS):
        began = time.perf_counter()
        client.get(page)
        took.append((time.perf_counter() - began) * 1000)
    with CaptureQueriesContext(connection) as asked:
        client.get(page)
    return f"{page:34}{statistics.median(took):>10.0f}{max(took):>10.0f}{len(asked):>9}"


def fill(tenants: int, each: int):
    """Make tenants with engagements, each with a requirement, a standing and three asks.

    Returns (an account manager who leads a tenth of them, an owner, the slug of their tenant).
    """
    from accounts import services as accounts
    from accounts.models import User
    from accounts.scoping import tenant_scope

    managers = [
        User.objects.create_user(
            f"manager{i}@vendor.example", "x", name=f"Manager {i}", staff_role="account_manager"
        )
        for i in range(10)
    ]
    for number in range(tenants):
        slug = f"customer-{number}"
        tenant = accounts.create_tenant(slug, name=f"Customer {number}", by=managers[0])
        with tenant_scope(tenant):
            _engagements(number, each, managers)
    with tenant_scope(tenant):
        member = accounts.add_member("owner@example.com", name="Owner", role="owner", by=None)
    return managers[0], member.user, slug


def _engagements(number, each, managers):
    from django.utils import timezone

    from engagements.models import Ask, Engagement, Iteration, Requirement, Standing
    from engagements.phases import ORDER

    now, today = timezone.now(), timezone.localdate()
    rows = [
        Engagement(
            name=f"Line {i}",
            phase=ORDER[(number + i) % len(ORDER)],
            phase_since=now - timedelta(days=(number * 7 + i) % 90),
            account_manager=managers[(number + i) % len(managers)],
            budget_cents=900_000,
            created_by_label="benchmark",
        )
        for i in range(each)
    ]
    Engagement.objects.bulk_create(rows)
    label = {"created_by_label": "benchmark"}
    asked = {"need": "x", "classes": ["ok", "scratch"], "target": "0.9", "version": 1}
    Requirement.objects.bulk_create(Requirement(engagement=e, **asked, **label) for e in rows)
    facts = {"lead_seconds": 86_400, "cost_cents": 1}
    Iteration.objects.bulk_create(Iteration(engagement=e, number=1, facts=facts) for e in rows)
    metric = {"label": "Accuracy", "value": 0.91, "low": 0.88, "high": 0.93, "n": 400}
    Standing.objects.bulk_create(
        Standing(
            engagement=e,
            blocking_key="engagements.verdict",
            blocking_words="Verdict: pass: Model version 2: inconclusive.",
            unmet=(number + i) % 4,
            health=(number * 13 + i * 7) % 101,
            metric=metric | {"target": 0.9},
            overdue_customer=(number + i) % 3,
            cost_cents=400_000,
            satisfaction=4,
        )
        for i, e in enumerate(rows)
    )
    Ask.objects.bulk_create(
        Ask(
            engagement=e,
            kind="item.do",
            params={"title": f"Item {k}"},
            url="/",
            side=("vendor", "customer", "vendor")[k],
            user=e.account_manager if k == 0 else None,
            due_on=today + timedelta(days=k),
        )
        for e in rows
        for k in range(3)
    )


if __name__ == "__main__":
    sys.exit(main())
