"""The API above the tenants: for the vendor's people alone."""

import pytest

from accounts import system
from accounts.scoping import tenant_scope
from engagements import plan, standing
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1"
ROW = {"key": "kick-off", "title": "Kick-off", "phase": "poc", "side": "vendor"}
TEMPLATE = {"name": "Short", "phases": ["poc", "deployment"], "items": [ROW]}


@pytest.fixture
def several(acme, carol, mei):
    """An engagement in each of two tenants, each with an item that waits for Mei."""
    [globex] = system.tenants_of(carol)
    made = [factories.engagement(acme, mei, "Line 1"), factories.engagement(globex, mei, "X-rays")]
    for one in made:
        with tenant_scope(one.tenant_id):
            plan.add_item(one, f"Look at {one.name}", side="vendor", assignee=mei, by=mei)
            standing.refresh(one.pk)
    return made


def test_staff_list_the_engagements_of_all_tenants_narrowed_and_in_order(several, browse, mei):
    rows = browse(mei).get(f"{API}/engagements?sort=name").json()["results"]
    assert [(row["tenant"], row["name"]) for row in rows] == [
        ("acme", "Line 1"),
        ("globex", "X-rays"),
    ]
    assert rows[0]["standing"]["unmet"] > 0
    found = browse(mei).get(f"{API}/engagements?text=x-rays").json()["results"]
    assert [row["name"] for row in found] == ["X-rays"]
    assert browse(mei).get(f"{API}/engagements?state=overdue").json()["results"] == []


def test_a_filter_that_is_not_known_is_named(several, browse, mei):
    answer = browse(mei).get(f"{API}/engagements?colour=red&sort=age")
    assert answer.status_code == 400 and set(answer.json()["fields"]) >= {"colour"}
    assert browse(mei).get(f"{API}/engagements?sort=age").json()["fields"].keys() == {"sort"}


def test_the_portfolio_and_what_is_asked_span_tenants(several, browse, mei):
    found = browse(mei).get(f"{API}/portfolio").json()
    assert found["engagements"] == 2 and found["by_phase"]["poc"] == 2
    assert found["mean_satisfaction"] is None  # nobody rated anything
    asks = browse(mei).get(f"{API}/asks").json()["results"]
    texts = {(ask["tenant"], ask["text"]) for ask in asks}
    assert {("acme", "Look at Line 1"), ("globex", "Look at X-rays")} <= texts


@pytest.mark.parametrize("path", ["engagements", "portfolio", "asks", "templates"])
def test_customers_and_keys_do_not_learn_that_it_is_there(path, several, browse, acme, alice):
    assert browse(alice).get(f"{API}/{path}").status_code == 404
    key = factories.api_key(acme, alice, "view")
    headers = {"authorization": f"Bearer {key}"}
    assert browse(None).get(f"{API}/{path}", headers=headers).status_code == 404


def test_account_managers_write_templates_and_retire_them(browse, mei):
    client, url = browse(mei), f"{API}/templates/short"
    assert client.put(url, TEMPLATE, "application/json").status_code == 200
    assert client.get(url).json()["items"][0]["title"] == "Kick-off"
    changed = TEMPLATE | {"name": "Shorter", "items": []}
    assert client.put(url, changed, "application/json").json()["name"] == "Shorter"
    assert client.delete(url).status_code == 204
    assert client.get(url).json()["retired_at"] is not None


def test_a_template_whose_items_wait_for_each_other_is_refused(browse, mei):
    rows = [ROW | {"key": key, "after": [after]} for key, after in (("a", "b"), ("b", "a"))]
    answer = browse(mei).put(
        f"{API}/templates/short", TEMPLATE | {"items": rows}, "application/json"
    )
    assert answer.status_code == 400 and "wait for each other" in answer.json()["error"]


def test_other_staff_read_templates_but_do_not_write_them(browse, mei):
    ravi = factories.staff("Ravi", "ml_engineer")
    url = f"{API}/templates/short"
    browse(mei).put(url, TEMPLATE, "application/json")
    assert browse(ravi).get(url).status_code == 200
    assert browse(ravi).put(url, TEMPLATE, "application/json").status_code == 403
    assert browse(ravi).delete(url).status_code == 403
