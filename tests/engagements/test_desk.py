"""The desk: what comes next for whom, how engagements stand, and the pages that show it."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.scoping import tenant_scope
from engagements import asks, contracts, health, milestones, plan, signoffs, standing
from engagements.models import Ask, Engagement, Signoff, Standing
from lepton.lib.canonical import sha256_of
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, mei):
    return factories.engagement(acme, mei)


def _texts(user):
    return [asks.sentence(one) for one in asks.asks_for(user)]


def test_each_decider_is_asked_to_sign_until_they_have(acme, alice, mei, engagement):
    with tenant_scope(acme):
        dataset_version(engagement, alice)
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
        contract = contracts.freeze_contract(engagement, **terms, by=mei)
        standing.refresh(engagement.pk)
        assert "Sign: Acceptance contract" in _texts(alice)
        signoffs.sign(engagement, Signoff.Kind.CONTRACT, sha256=contract.sha256, by=alice)
        standing.refresh(engagement.pk)
        assert "Sign: Acceptance contract" not in _texts(alice)
        assert "Sign: Acceptance contract" in _texts(mei)


def test_what_is_private_is_asked_of_the_vendor_alone(acme, alice, mei, engagement):
    with tenant_scope(acme):
        plan.add_item(engagement, "Estimate the effort", side="vendor", is_private=True, by=mei)
        plan.add_item(engagement, "Send examples", side="customer", by=mei)
        standing.refresh(engagement.pk)
        assert _texts(alice) == ["Send examples"]
        assert "Estimate the effort" in _texts(mei)


def test_the_account_manager_is_told_what_blocks_and_then_to_move_on(acme, alice, mei, engagement):
    with tenant_scope(acme):
        stands = standing.refresh(engagement.pk)
        assert stands.blocking_key == "engagements.contract" and stands.unmet > 1
        assert "Acceptance contract frozen: No contract is frozen yet." in _texts(mei)
        factories.waive_gate(engagement, asking=mei, granting=alice)
        assert standing.refresh(engagement.pk).unmet == 0
        assert "Move on to “Fine-tuning”" in _texts(mei)


def test_health_is_computed_from_what_is_shown_to_the_digit(acme, alice, mei, engagement):
    with tenant_scope(acme):
        yesterday = timezone.localdate() - timedelta(days=1)
        plan.add_item(engagement, "Late", side="customer", due_on=yesterday, by=mei)
        plan.add_item(engagement, "In time", side="customer", due_on=timezone.localdate(), by=mei)
        reached = milestones.add_milestone(engagement, "Kick-off", by=mei)
        milestones.reach_milestone(reached, by=mei)
        reached.refresh_from_db()
        milestones.rate_milestone(reached, score=4, by=alice)
        stands = standing.refresh(engagement.pk)
        shown = {one["key"]: one for one in stands.health_inputs}
        assert shown["engagements.overdue"]["score"] == 0.5
        assert shown["engagements.satisfaction"]["score"] == 0.75
        assert shown["engagements.margin"]["score"] is None
        assert stands.health == Decimal("62.5")  # (2 · 0.5 + 2 · 0.75) / 4
        assert stands.overdue_customer == 1 and stands.satisfaction == 4
        by_hand = sum(o["weight"] * o["score"] for o in shown.values() if o["score"] is not None)
        weights = sum(o["weight"] for o in shown.values() if o["score"] is not None)
        assert float(stands.health) == round(100 * by_hand / weights, 1)


def test_nothing_measured_is_no_health_rather_than_a_good_one():
    unknown = {"key": "x", "title": "X", "weight": 3, "score": None, "words": ""}
    assert health.score([unknown]) is None
    assert health.score([unknown, unknown | {"score": 0.1, "weight": 1}]) == Decimal("10.0")


def test_a_verdict_counts_into_health(acme, alice, mei, engagement):
    with tenant_scope(acme):
        version = dataset_version(engagement, alice)
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
        contracts.freeze_contract(engagement, **terms, by=mei)
        model = measured(version, alice, [[900, 100], [100, 900]])
        contracts.judge(engagement, candidate_id=model.pk, by=mei)
        assert standing.refresh(engagement.pk).health == Decimal("100.0")


def test_a_script_recomputes_health_from_the_api(browse, acme, alice, mei, engagement, tmp_path):
    with tenant_scope(acme):
        plan.add_item(engagement, "Today", side="customer", due_on=timezone.localdate(), by=mei)
        standing.refresh(engagement.pk)
    address = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    assert browse(alice).get(f"{address}/health").status_code == 404
    answer = browse(mei).get(f"{address}/health").json()
    assert answer["health"] == "100.0"
    shown = tmp_path / "health.json"
    shown.write_text(json.dumps(answer))
    call_command("recompute_health", str(shown))
    shown.write_text(json.dumps(answer | {"health": "99.9"}))
    with pytest.raises(CommandError, match=r"give 100.0, but 99.9"):
        call_command("recompute_health", str(shown))
    [ask] = browse(alice).get(f"{address}/asks").json()
    assert ask["text"] == "Today" and ask["side"] == "customer"


def test_asks_are_written_anew_not_added(acme, mei, engagement):
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
        before = Ask.objects.count()
        standing.refresh(engagement.pk)
        assert Ask.objects.count() == before > 0
        assert Standing.objects.count() == 1


def test_board_and_overview_say_what_comes_next(acme, alice, mei, engagement, browse):
    with tenant_scope(acme):
        plan.add_item(engagement, "Send examples", side="customer", by=mei)
        standing.refresh(engagement.pk)
    board = browse(mei).get("/board/").content.decode()
    assert "Next for you" in board and "No contract is frozen yet." in board
    page = f"/t/acme/e/{engagement.pk}/"
    vendors = browse(mei).get(page).content.decode()
    assert "The loop" in vendors and "Margin to the contract" in vendors
    customers = browse(alice).get(page).content.decode()
    assert "Send examples" in customers
    assert "Margin to the contract" not in customers and "Health" not in customers
    assert "Send examples" in browse(alice).get("/t/acme/").content.decode()


def test_parts_of_the_overview_are_served_alone_to_pages_that_watch(
    acme, alice, mei, engagement, browse
):
    with tenant_scope(acme):
        plan.add_item(engagement, "Send examples", side="customer", by=mei)
        standing.refresh(engagement.pk)
    page = f"/t/acme/e/{engagement.pk}/"
    overview = browse(mei).get(page).content.decode()
    for part in ("next", "loop", "health"):
        assert f'hx-get="{page}{part}/"' in overview
        assert browse(mei).get(f"{page}{part}/").content.decode().count("<section") == 1
    assert "Send examples" in browse(alice).get(f"{page}next/").content.decode()
    assert "Send examples" in browse(alice).get("/t/acme/next/").content.decode()
    assert browse(alice).get(f"{page}health/").status_code == 404


def test_a_card_says_what_comes_next_and_what_of_the_budget_is_spent(acme, mei, browse, engagement):
    with tenant_scope(acme):
        plan.add_item(engagement, "Send examples", side="customer", by=mei)
        Engagement.objects.update(budget_cents=200_00)
        standing.refresh(engagement.pk)
        Standing.objects.update(cost_cents=50_00)
        Ask.objects.exclude(kind="item.do").delete()
    board = browse(mei).get("/board/").content.decode()
    assert "25% of the budget" in board and board.count("Send examples") == 1  # only on the card
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
        Ask.objects.exclude(kind="item.do").delete()
        Ask.objects.update(params={"title": "Send more"})
    assert "Send more" in browse(mei).get("/board/").content.decode()  # never an older card


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["Alpha", "Gamma", "Beta"]),
        ("longest", ["Beta", "Gamma", "Alpha"]),
        ("health", ["Beta", "Alpha", "Gamma"]),  # what is not measured comes last
        ("name", ["Alpha", "Beta", "Gamma"]),
    ],
)
def test_the_list_is_sorted_as_asked(acme, mei, browse, sort, expected):
    now = timezone.now()
    with tenant_scope(acme):
        for name, days, score in (("Alpha", 1, 90), ("Beta", 9, 40), ("Gamma", 5, None)):
            made = factories.engagement(acme, mei, name)
            standing.refresh(made.pk)
            since = now - timedelta(days=days)
            Engagement.objects.filter(pk=made.pk).update(phase_since=since)
            Standing.objects.filter(engagement=made).update(health=score)
    page = browse(mei).get(f"/board/list/?sort={sort}").content.decode()
    assert sorted(expected, key=lambda name: page.index(f">{name}</a>")) == expected


def test_when_one_side_signed_the_requirement_the_other_is_asked(acme, alice, mei, engagement):
    kind = Signoff.Kind.REQUIREMENT
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
        assert "Sign: Requirement" not in [*_texts(alice), *_texts(mei)]
        sha256 = sha256_of(signoffs.statement(engagement, kind))
        signoffs.sign(engagement, kind, sha256=sha256, by=mei)
        standing.refresh(engagement.pk)
        assert "Sign: Requirement" in _texts(alice)
        signoffs.sign(engagement, kind, sha256=sha256, by=alice)
        standing.refresh(engagement.pk)
        assert "Sign: Requirement" not in [*_texts(alice), *_texts(mei)]


def test_the_list_narrows_to_what_is_blocked_or_late(acme, mei, engagement, browse):
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
    name = engagement.name
    assert name in browse(mei).get("/board/list/?state=blocked").content.decode()
    assert name not in browse(mei).get("/board/list/?state=overdue").content.decode()
    assert browse(mei).get("/board/portfolio/").status_code == 200


COUNTS = dict(
    line.split() for line in Path(__file__).with_name("query_counts.txt").read_text().splitlines()
)


@pytest.mark.parametrize("page", COUNTS)
def test_pages_take_the_same_few_queries_for_two_engagements_and_for_forty(
    acme, alice, mei, browse, page
):
    client = browse(alice if page.startswith("/t/") else mei)

    def queries(more):
        with tenant_scope(acme):
            for number in more:
                made = factories.engagement(acme, mei, f"Line {number}")
                standing.refresh(made.pk)
        client.get(page)  # whatever is asked for once only
        with CaptureQueriesContext(connection) as asked:
            assert client.get(page).status_code == 200
        return len(asked)

    assert [queries(range(2)), queries(range(2, 40))] == [int(COUNTS[page])] * 2


def test_standings_not_looked_at_for_a_while_are_found_in_all_tenants(acme, mei, engagement):
    assert standing.any_is_stale()
    assert standing.refresh_stale() == 1
    assert not standing.any_is_stale()


def test_lists_show_the_figure_of_the_model_judged_last_not_of_the_newest(
    acme, alice, mei, engagement
):
    with tenant_scope(acme):
        version = dataset_version(engagement, alice)
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
        contracts.freeze_contract(engagement, **terms, by=mei)
        good = measured(version, alice, [[900, 100], [100, 900]])
        measured(version, alice, [[600, 400], [400, 600]])
        assert standing.refresh(engagement.pk).metric["value"] == pytest.approx(0.6)
        contracts.judge(engagement, candidate_id=good.pk, by=mei)
        assert standing.refresh(engagement.pk).metric["value"] == pytest.approx(0.9)
