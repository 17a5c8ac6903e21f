"""Claims and numbers when several workers and people act in the same moment."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.scoping import tenant_scope
from accounts.system import tenants_of
from engagements import standing
from tests import factories
from tests.training import made_of
from training import leases, sweeper
from training.models import Run
from training.runs import services

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def version(acme, alice, engagement):
    with tenant_scope(acme):
        return made_of.dataset_version(engagement, alice)


def test_runs_started_at_once_are_numbered_without_gap(acme, alice, engagement, version):
    together(lambda: start(engagement, version, alice))
    with tenant_scope(acme):
        numbers = sorted(Run.objects.values_list("number", flat=True))
    assert numbers == list(range(1, AT_ONCE + 1))


def test_of_workers_that_claim_at_once_each_gets_another_run(alice, engagement, version):
    for _run in range(AT_ONCE - 2):
        start(engagement, version, alice)
    claims = [claim for claim in together(lambda: leases.claim("run", "any")) if claim]
    assert len(claims) == len({claim.id for claim in claims}) == AT_ONCE - 2
    assert leases.claimable() == []


def test_a_tenant_with_a_long_queue_does_not_starve_another(alice, carol, engagement, version):
    for _run in range(3):
        start(engagement, version, alice)
    (globex,) = tenants_of(carol)
    theirs = factories.engagement(globex, carol)
    with tenant_scope(globex):
        data = made_of.dataset_version(theirs, carol)
    start(theirs, data, carol)
    order = [leases.claim("run", f"worker {n}").tenant_id for n in range(2)]
    assert order == [engagement.tenant_id, globex.id]


def test_a_hundred_queued_runs_make_another_tenant_wait_for_one_at_most(
    alice, carol, engagement, version
):
    """One worker, which takes one run after the other."""
    for _run in range(100):
        start(engagement, version, alice)
    (globex,) = tenants_of(carol)
    theirs = factories.engagement(globex, carol)
    with tenant_scope(globex):
        data = made_of.dataset_version(theirs, carol)

    def work_off_one():
        claim = leases.claim("run", "the only worker")
        claim.release(**leases.ended(state="succeeded"))
        return claim.tenant_id

    assert [work_off_one() for _turn in range(3)] == [engagement.tenant_id] * 3
    for _run in range(2):
        start(theirs, data, carol)
    order = [work_off_one() for _turn in range(5)]
    ours, other = engagement.tenant_id, globex.id
    assert order == [other, ours, other, ours, ours]


def test_a_tenant_holds_as_many_workers_as_it_may(alice, engagement, version, settings):
    settings.LEPTON_TENANT_RUNS = 2
    for _run in range(3):
        start(engagement, version, alice)
    first, second = (leases.claim("run", f"worker {n}") for n in range(2))
    assert leases.claim("run", "worker 2") is None
    first.release(**leases.ended(state="succeeded"))
    assert leases.claim("run", "worker 2") is not None
    assert second is not None


def test_a_run_that_stands_still_has_its_worker_ended_and_is_taken_over(
    acme, alice, engagement, version, settings, monkeypatch
):
    settings.LEPTON_HEARTBEAT_SECONDS, settings.LEPTON_STALL_SECONDS = 0.02, 0.2
    ended = threading.Event()
    monkeypatch.setattr(leases, "end_process", ended.set)
    run = start(engagement, version, alice)
    with leases.Heart(leases.claim("run", "one that hangs")) as heart:
        for _step in range(10):  # as long as something moves, all is well
            heart.moved()
            time.sleep(0.05)
        assert not ended.is_set()
        assert ended.wait(3)
    taken_over = leases.claim("run", "another")
    assert taken_over.id == run.pk and taken_over.crashes == 1
    with tenant_scope(acme):
        assert "Nothing moved" in Run.objects.get(pk=run.pk).cause


def test_the_sweeper_wakes_for_what_waits_and_stays_silent_otherwise(
    alice, engagement, version, monkeypatch
):
    woken = []
    monkeypatch.setattr(sweeper, "wake", lambda task, **options: woken.append(task.name))
    standing.refresh_stale()
    assert sweeper.sweep() == []
    start(engagement, version, alice)
    standing.refresh_stale()
    assert sweeper.sweep() == ["run"]
    assert woken == ["training.tasks.wake_runs"]
    leases.claim("run", "a worker")
    assert sweeper.sweep() == []


def test_a_heart_notices_a_cancel_and_a_lost_lease(acme, alice, engagement, version, settings):
    settings.LEPTON_HEARTBEAT_SECONDS = 0.02
    run = start(engagement, version, alice)
    claim = leases.claim("run", "first")
    with leases.Heart(claim) as heart:
        assert not heart.should_stop()
        with tenant_scope(acme):
            services.cancel_run(Run.objects.get(pk=run.pk), by=alice)
        assert heart.cancel_requested.wait(3)
        assert heart.should_stop()
        assert not heart.lost.is_set()
        with tenant_scope(acme):
            Run.objects.update(attempt=claim.attempt + 1)
        assert heart.lost.wait(3)


def start(engagement, version, by):
    with tenant_scope(engagement.tenant_id):
        return services.start_run(
            engagement, dataset_version=version, method="fine_tune", backbone="lepton_small", by=by
        )


def together(act):
    """Do something in several threads at once, each with a connection of its own."""

    def closing(_number):
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(closing, range(AT_ONCE)))
