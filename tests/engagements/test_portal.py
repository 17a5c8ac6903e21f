"""The customer's portal: staff see it as the customer does, and change nothing while they do."""

import pytest

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import ActionItem
from tests import factories

pytestmark = pytest.mark.django_db
VIEW, LEAVE = "/t/acme/view-as/", "/t/acme/view-as/leave/"


@pytest.fixture
def work(acme, alice):
    return factories.engagement(acme, alice)


def home(work):
    return f"/t/acme/e/{work.pk}/"


@pytest.fixture
def viewing(browse, mei, work):
    """Mei, viewing Acme as its customer."""
    client = browse(mei)
    assert client.post(VIEW)["Location"] == "/t/acme/"
    return client


def test_every_page_of_the_tenant_says_so_and_offers_to_leave(viewing, work):
    for page in ("/t/acme/", "/t/acme/members/", home(work)):
        html = viewing.get(page).text
        assert "You are viewing Acme Castings as its customer" in html and LEAVE in html
    assert "Board" not in viewing.get("/t/acme/").text


def test_she_sees_what_an_owner_sees(viewing, acme, work):
    url = home(work)
    with tenant_scope(acme):
        placed = {"engagement": work, "iteration": 1, "phase": "poc", "side": "vendor"}
        placed["created_by_label"] = "Mei"
        ActionItem.objects.create(title="Ask for more money", is_private=True, **placed)
        ActionItem.objects.create(title="Book the kick-off", **placed)
    plan = viewing.get(f"{url}plan/").text
    assert "Book the kick-off" in plan and "more money" not in plan
    assert viewing.get(f"{url}economics/").status_code == 404
    assert "Economics" not in viewing.get(url).text


def test_she_can_only_look(viewing, work):
    url = home(work)
    for page in (f"{url}advance/", "/t/acme/members/add/", "/t/acme/keys/create/"):
        answer = viewing.post(page)
        assert answer.status_code == 403
        assert "can only look" in answer.text and LEAVE in answer.text


def test_the_api_follows_her_session(viewing, work):
    api = f"/api/v1/tenants/acme/engagements/{work.pk}"
    assert viewing.get(f"{api}/economics").status_code == 404
    answer = viewing.post(f"{api}/advance", {"to": "fine_tuning"}, "application/json")
    assert answer.status_code == 403 and "can only look" in answer.json()["error"]


def test_other_tenants_and_the_board_are_as_ever(viewing, carol):
    assert "as its customer" not in viewing.get("/t/globex/").text
    assert viewing.get("/board/").status_code == 200
    key = {"name": "client", "scopes": ["view"], "lifetime": "30"}
    assert viewing.post("/t/globex/keys/create/", key).status_code == 200


def test_leaving_ends_it_and_both_are_in_the_audit(viewing, acme, work):
    assert viewing.post(LEAVE)["Location"] == "/t/acme/"
    viewing.post(LEAVE)
    assert "as its customer" not in viewing.get("/t/acme/").text
    assert viewing.get(f"{home(work)}economics/").status_code == 200
    with tenant_scope(acme):
        told = AuditEntry.objects.filter(verb__startswith="customer_view.").order_by("sequence")
        assert [one.verb for one in told] == ["customer_view.started", "customer_view.left"]
        assert {one.actor_label for one in told} == {"Mei"}


def test_it_is_for_vendor_staff_alone(browse, alice, bob, carol):
    for person in (alice, bob, carol):
        assert browse(person).post(VIEW).status_code == 404
        assert browse(person).post(LEAVE).status_code == 404


def test_another_role_of_the_vendor_looks_as_an_owner_too(browse, work):
    nils = browse(factories.staff("Nils", "ml_engineer"))
    nils.post(VIEW)
    assert nils.get("/t/acme/open/").status_code == 200
    assert nils.post("/t/acme/open/").status_code == 403


def test_a_session_that_says_so_of_a_customer_changes_nothing(browse, alice, work):
    client = browse(alice)
    session = client.session
    session["views_as_customer_of"] = str(work.tenant_id)
    session.save()
    assert "as its customer" not in client.get("/t/acme/").text
    assert client.post(f"{home(work)}advance/").status_code != 403
