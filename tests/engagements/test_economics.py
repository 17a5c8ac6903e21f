"""Economics: metered amounts times rates, seen by the vendor only."""

import csv
import io
import threading
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import AuditEntry, author
from accounts.scoping import tenant_scope
from engagements import economics, iterations, ledger, rates, staff_time, usage
from engagements.models import Engagement, Iteration, RateCard, StaffTime, TimelineEntry
from serving.models import Endpoint, Prediction
from tests import factories
from tests.engagements.candidates import dataset_version, measured
from training.models import Run

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme/engagements"
RATES = {"cpu_hour_cents": "4.5", "thousand_predictions_cents": "20", "staff_day_cents": "96000"}


@pytest.fixture
def card(mei):
    return rates.issue_rate_card(
        valid_from=timezone.localdate(), by=mei, **{k: Decimal(v) for k, v in RATES.items()}
    )


@pytest.fixture
def engagement(card, acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def used(engagement, acme, alice, mei):
    """Two iterations with runs, predictions and hours in them."""
    with tenant_scope(acme):
        now = timezone.now()
        began, turned = now - timedelta(days=40), now - timedelta(days=10)
        Engagement.objects.update(created_at=began, iteration=2, price_cents=900_000)
        Engagement.objects.update(budget_cents=400_000)
        Iteration.objects.update(ended_at=turned)
        Iteration.objects.create(engagement=engagement, number=2, started_at=turned)
        version = dataset_version(engagement, alice)
        model = measured(version, alice, [[9, 1], [2, 8]])
        Run.objects.update(started_at=began, cpu_seconds=12_345.6, gpu_seconds=0)
        measured(version, alice, [[9, 1], [1, 9]])
        Run.objects.filter(number=2).update(started_at=now, cpu_seconds=777.7, gpu_seconds=0)
        endpoint = Endpoint.objects.create(engagement=engagement, slug="line", **author(alice))
        answer = {"endpoint": endpoint, "model_version": model, "label": "ok", "score": 0.9}
        answer |= {"scores": [0.9, 0.1], "latency_ms": 3, "input_sha256": "0" * 64}
        for days in (30, 20, 5):
            Prediction.objects.create(at=now - timedelta(days=days), **answer)
        for number, hours in ((1, "6.5"), (2, "1.25")):
            by = {"person": mei, **author(mei)}
            StaffTime.objects.create(engagement=engagement, iteration=number, hours=hours, **by)
        engagement.refresh_from_db()
    return engagement


def page(engagement, name="economics", *more):
    return reverse(f"engagements:{name}", args=["acme", engagement.pk, *more])


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_total_of_the_csv_is_that_of_the_page_and_of_a_recomputation(browse, mei, used):
    client = browse(mei)
    answer = client.get(page(used, "economics_csv"))
    assert answer["Content-Disposition"].startswith('attachment; filename="economics-acme-')
    *lines, total = rows_of(answer.content.decode())
    by_key = {(row["Iteration"], row["Usage"]): row for row in lines}
    expected = {
        ("1", "CPU time"): ("3.4293", "4.5"),
        ("2", "CPU time"): ("0.2160", "4.5"),
        ("1", "Predictions"): ("0.0020", "20"),
        ("2", "Predictions"): ("0.0010", "20"),
        ("1", "Staff"): ("0.8125", "96000"),
        ("2", "Staff"): ("0.1563", "96000"),
    }
    cents = 0
    for key, (amount, rate) in expected.items():
        assert by_key[key]["Amount"] == amount
        cost = (Decimal(amount) * Decimal(rate)).quantize(Decimal(1), ROUND_HALF_UP)
        assert Decimal(by_key[key]["Cost"]) * 100 == cost
        cents += int(cost)
    assert Decimal(total["Cost"]) * 100 == cents
    shown = client.get(page(used)).content.decode()
    assert f"{cents / 100:,.2f} EUR" in shown
    assert f"{(900_000 - cents) / 100:,.2f} EUR" in shown
    found = client.get(f"{API}/{used.pk}/economics").json()
    assert found["cost_cents"] == cents == sum(one["cost_cents"] for one in found["iterations"])
    assert found["margin_cents"] == 900_000 - cents
    assert found["budget_used"] == pytest.approx(cents / 400_000)
    with tenant_scope(used.tenant_id):
        assert iterations.refresh_facts(used) == cents


def test_what_is_not_metered_or_has_no_rate_says_so_and_costs_nothing_invented(browse, mei, used):
    with tenant_scope(used.tenant_id):
        Run.objects.filter(number=1).update(cpu_seconds=None, gpu_seconds=None)
    lines = rows_of(browse(mei).get(page(used, "economics_csv")).content.decode())
    cpu, storage = lines[1], lines[3]
    assert (cpu["Amount"], cpu["Cost"], cpu["Note"]) == ("", "", "not metered")
    assert storage["Amount"] and (storage["Cost"], storage["Note"]) == ("", "no rate")
    assert "not metered" in browse(mei).get(page(used)).content.decode()
    with tenant_scope(used.tenant_id):
        Engagement.objects.update(rate_card=None)
        used.refresh_from_db()
        assert economics.compute(used).cost_cents is None
        assert iterations.refresh_facts(used) is None


def test_a_run_that_was_not_metered_among_others_is_named(used):
    with tenant_scope(used.tenant_id):
        Run.objects.update(started_at=timezone.now())
        Run.objects.filter(number=1).update(cpu_seconds=None)
        [line] = [one for one in economics.compute(used).rounds[-1].lines if one.key == "cpu_hours"]
    assert line.amount == Decimal("0.2160") and line.note == "1 run not metered"


def test_customers_and_their_keys_find_no_economics(browse, alice, bob, carol, acme, used):
    secret = factories.api_key(acme, alice, "view")
    for person in (alice, bob, carol):
        client = browse(person)
        for name in ("economics", "economics_csv"):
            assert client.get(page(used, name)).status_code == 404
        for name in ("set_economics", "record_hours"):
            assert client.post(page(used, name), {"hours": 1}).status_code == 404
        for path in ("economics", "staff-time"):
            assert client.get(f"{API}/{used.pk}/{path}").status_code == 404
        assert client.get("/board/rates/").status_code == 404
        assert client.get("/api/v1/rate-cards").status_code == 404
    key = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    client = browse()
    for path in (f"{API}/{used.pk}/economics", "/api/v1/rate-cards"):
        assert client.get(path, **key).status_code == 404
    overview = browse(alice).get(page(used, "overview")).content.decode()
    assert page(used) not in overview


def test_an_account_manager_sets_budget_price_and_rates(browse, mei, card, engagement):
    client = browse(mei)
    form = {"budget": "4000", "price": "9000.50", "rate_card": str(card.pk)}
    assert client.post(page(engagement, "set_economics"), form).status_code == 302
    with tenant_scope(engagement.tenant_id):
        engagement.refresh_from_db()
    assert (engagement.budget_cents, engagement.price_cents) == (400_000, 900_050)
    refused = client.post(page(engagement, "set_economics"), {"budget": "-1"})
    assert refused.status_code == 422
    change = {"price_cents": 5}
    answer = client.patch(f"{API}/{engagement.pk}/economics", change, "application/json")
    assert (answer.json()["price_cents"], answer.json()["budget_cents"]) == (5, 400_000)
    with tenant_scope(engagement.tenant_id):
        entries = TimelineEntry.objects.filter(kind="economics.set")
        assert entries and all(entry.is_private for entry in entries)
        assert AuditEntry.objects.filter(verb="economics.set").first().detail == {}


def test_an_engineer_sees_the_economics_and_notes_time_but_sets_nothing(browse, engagement):
    client = browse(factories.staff("Ute", "ml_engineer"))
    assert client.get(page(engagement)).status_code == 200
    assert client.post(page(engagement, "set_economics"), {"price": "1"}).status_code == 403
    card = {"valid_from": "2026-01-01", "cpu_hour": "1"}
    assert client.post("/board/rates/", card).status_code == 403
    hours = {"hours": "1.5", "on": "2026-01-05", "note": "Kick-off"}
    assert client.post(page(engagement, "record_hours"), hours).status_code == 302


def test_hours_are_noted_for_the_present_iteration_and_removed(browse, mei, engagement):
    client, address = browse(mei), f"{API}/{engagement.pk}/staff-time"
    hours = {"hours": "7.5", "on": "2026-01-05", "note": "=cmd"}
    made = client.post(address, hours, "application/json")
    assert made.status_code == 201, made.json()
    assert (made.json()["iteration"], made.json()["person"]) == (1, "Mei")
    too_many = client.post(address, hours | {"hours": "17"}, "application/json")
    assert too_many.status_code == 400 and "24 hours" in too_many.json()["error"]
    pk = client.get(address).json()["results"][0]["id"]
    other = browse(factories.staff("Ute", "ml_engineer"))
    assert other.delete(f"{address}/{pk}").status_code == 400
    assert client.delete(f"{address}/{pk}").status_code == 204
    assert client.get(address).json()["results"] == []


def test_a_day_has_24_hours_in_all_tenants_together(browse, mei, engagement):
    globex = accounts.create_tenant("globex", name="Globex Health", by=mei)
    other = factories.engagement(globex, mei, name="Chests")
    client, hours = browse(mei), {"hours": "14", "on": "2026-01-05"}
    made = client.post(f"{API}/{engagement.pk}/staff-time", hours, "application/json")
    assert made.status_code == 201
    address = f"/api/v1/tenants/globex/engagements/{other.pk}/staff-time"
    refused = client.post(address, hours, "application/json")
    assert refused.status_code == 400 and "24 hours" in refused.json()["error"]
    for less in ({"hours": "10"}, {"on": "2026-01-06"}):
        assert client.post(address, hours | less, "application/json").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_hours_noted_at_once_in_two_tenants_no_more_than_a_day_are_kept(acme, mei):
    globex = accounts.create_tenant("globex", name="Globex Health", by=mei)
    places = [(acme, factories.engagement(acme, mei)), (globex, factories.engagement(globex, mei))]
    together, outcomes = threading.Barrier(2), []

    def note(tenant, engagement):
        together.wait(10)
        try:
            with tenant_scope(tenant):
                staff_time.record_hours(engagement, hours=14, on=timezone.localdate(), by=mei)
            outcomes.append("noted")
        except ValidationError as refusal:
            outcomes.append(refusal.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=note, args=place) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes, key=len) == ["noted", "That day would have more than 24 hours."]


def test_only_staff_notes_time_and_only_managers_issue_rates(engagement, alice, in_acme):
    with pytest.raises(ValidationError, match="Only the vendor's staff"):
        staff_time.record_hours(engagement, hours=1, on=timezone.localdate(), by=alice)
    with pytest.raises(ValidationError, match="Only an account manager"):
        rates.issue_rate_card(valid_from=timezone.localdate(), by=alice, cpu_hour_cents=1)


def test_a_rate_card_is_issued_and_never_changed(browse, mei, card):
    client = browse(mei)
    form = {"valid_from": "2026-01-01", "currency": "usd", "cpu_hour": "0.05"}
    assert client.post("/board/rates/", form).status_code == 302
    newest = client.get("/api/v1/rate-cards").json()["results"][0]
    assert (newest["number"], newest["currency"], newest["cpu_hour_cents"]) == (2, "USD", "5.0000")
    assert newest["gpu_hour_cents"] is None
    assert (
        "Give at least one rate"
        in client.post(
            "/api/v1/rate-cards", {"valid_from": "2026-01-01"}, "application/json"
        ).json()["error"]
    )
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        RateCard.objects.update(cpu_hour_cents=1)


def test_a_new_engagement_takes_the_newest_card_that_is_valid(acme, alice, mei, card):
    later = timezone.localdate() + timedelta(days=30)
    rates.issue_rate_card(valid_from=later, by=mei, cpu_hour_cents=Decimal(1))
    assert factories.engagement(acme, alice).rate_card == card


def test_no_cell_becomes_a_formula():
    for text in ("=1+1", "+1", "-1", "@x", "\tx"):
        assert ledger.harmless(text) == f"'{text}"
    assert ledger.harmless(Decimal(-5)) == Decimal(-5)


def test_every_meter_is_measured_by_some_app():
    assert all(usage._sources[meter.key] for meter in usage.METERS)
