"""Standings: computed anew after whatever happens, once, and without ever being in the way."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.scoping import tenant_scope
from engagements import contracts, gates, plan, requirements, standing, tasks
from engagements.gates import Finding
from engagements.models import ActionItem, Ask, Engagement, Standing
from engagements.phases import Phase
from lepton.lib import live
from tests import factories
from tests.training.made_of import dataset_version


@pytest.fixture
def announced(monkeypatch):
    """Topics announced on commit."""
    topics = []
    monkeypatch.setattr(live, "_announce", lambda tenant, named: topics.extend(named))
    return topics


@pytest.mark.django_db(transaction=True)
def test_what_happens_shows_in_the_standing_once_it_is_committed(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        assert Standing.objects.get().blocking_key == "engagements.contract"
        plan.add_item(engagement, "Send examples", side="customer", by=mei)
    with tenant_scope(acme):
        assert Ask.objects.filter(kind="item.do", side="customer").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_transaction_refreshes_each_engagement_once(acme, mei, monkeypatch):
    engagement = factories.engagement(acme, mei)
    refreshed = []
    monkeypatch.setattr(standing, "refresh", lambda pk, **how: refreshed.append(pk))
    with tenant_scope(acme):
        for number in range(3):
            plan.add_item(engagement, f"Item {number}", side="vendor", by=mei)
    assert refreshed == [engagement.pk]


@pytest.mark.django_db(transaction=True)
def test_a_part_that_is_undone_takes_only_its_own_refresh_with_it(acme, mei, monkeypatch):
    engagement = factories.engagement(acme, mei)
    refreshed = []
    monkeypatch.setattr(standing, "refresh", lambda pk, **how: refreshed.append(pk))
    with tenant_scope(acme):
        with transaction.atomic():
            plan.add_item(engagement, "Undone", side="vendor", by=mei)
            transaction.set_rollback(True)
        plan.add_item(engagement, "Stays", side="vendor", by=mei)
    assert refreshed == [engagement.pk]


@pytest.mark.django_db(transaction=True)
def test_a_check_that_breaks_is_logged_and_holds_nothing_up(acme, mei, monkeypatch, caplog):
    def broken(engagement) -> Finding:
        raise ValueError("no such figure")

    engagement = factories.engagement(acme, mei)
    monkeypatch.setattr(gates, "_checks", dict(gates._checks))
    gates.register("tests.broken", "Broken", [Phase.POC], broken)
    with tenant_scope(acme):
        plan.add_item(engagement, "Stays", side="vendor", by=mei)
    assert "Could not refresh" in caplog.text
    with tenant_scope(acme):
        assert ActionItem.objects.get().title == "Stays"
    assert not standing.any_is_stale()  # put off, so that the others come first


@pytest.mark.django_db(transaction=True)
def test_pages_are_told_only_of_what_came_out_otherwise(acme, mei, announced):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    announced.clear()
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    assert announced == []
    with tenant_scope(acme):
        yesterday = timezone.localdate() - timedelta(days=1)
        plan.add_item(engagement, "Late", side="customer", due_on=yesterday, by=mei)
    announced.clear()
    with tenant_scope(acme):
        ActionItem.objects.update(due_on=timezone.localdate())
        standing.refresh(engagement.pk)
    assert announced == [engagement.topic, live.DESK]


@pytest.mark.django_db
def test_a_refresh_reads_requirement_and_contract_once(acme, mei, alice):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        version = dataset_version(engagement, alice)
        contracts.freeze_contract(
            engagement,
            holdout_sha256=version.test_sha256,
            deciders=[alice, mei],
            accuracy_target="0.9",
            by=mei,
        )
        with CaptureQueriesContext(connection) as captured:
            standing.refresh(engagement.pk)
    tables = ("requirement", "acceptancecontract", "standing")
    read = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    times = Counter(name for sql in read for name in tables if f'FROM "engagements_{name}"' in sql)
    assert (times["requirement"], times["acceptancecontract"], times["standing"]) == (1, 1, 1)
    assert len(set(read)) > 20


@pytest.mark.django_db
def test_an_engagement_that_is_not_held_is_read_anew(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        held = Engagement.objects.held(engagement.pk)
        assert held.requirement.version == engagement.requirement.version == 1
        again = {"need": "More.", "classes": ["ok", "scratch"], "metric": "accuracy"}
        requirements.write_requirement(engagement, **again, target="0.95", by=mei)
        assert (held.requirement.version, engagement.requirement.version) == (1, 2)


@pytest.mark.django_db
def test_an_ask_keeps_since_when_it_waits(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
        Ask.objects.update(since=timezone.now() - timedelta(days=3))
        plan.add_item(engagement, "New", side="vendor", by=mei)
        standing.refresh(engagement.pk)
        ages = {one.kind: (timezone.now() - one.since).days for one in Ask.objects.all()}
        assert ages == {"check.meet": 3, "item.do": 0}


@pytest.mark.django_db
def test_words_are_kept_in_one_language_whoever_acts(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme), translation.override("zh-hans"):
        standing.refresh(engagement.pk)
        assert "No contract is frozen yet." in Standing.objects.get().blocking_words


@pytest.mark.django_db(transaction=True)
def test_cost_waits_for_the_next_sweep(acme, mei):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    assert not standing.any_is_stale()
    with tenant_scope(acme):
        standing.refresh(engagement.pk, with_cost=False)
    assert standing.any_is_stale()
    tasks.refresh_standings()
    assert not standing.any_is_stale()


@pytest.mark.django_db(transaction=True)
def test_what_became_overdue_overnight_is_found_by_the_command(acme, mei, capsys):
    engagement = factories.engagement(acme, mei)
    with tenant_scope(acme):
        today = timezone.localdate()
        plan.add_item(engagement, "Send examples", side="customer", due_on=today, by=mei)
        assert standing.refresh(engagement.pk).overdue_customer == 0
    with tenant_scope(acme):
        ActionItem.objects.update(due_on=today - timedelta(days=1))
    call_command("refresh_standings")
    assert "1 engagements." in capsys.readouterr().out
    with tenant_scope(acme):
        assert Standing.objects.get().overdue_customer == 1
