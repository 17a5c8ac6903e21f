"""API of engagements: the same rules as on the pages, refusals as problem documents."""

import pytest

from accounts.scoping import tenant_scope
from engagements.models import Engagement
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme/engagements"
REQUIREMENT = {"need": "Find cracks.", "classes": ["ok", "crack"], "target": "0.95"}


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def test_an_owner_opens_an_engagement_with_its_requirement(browse, alice):
    answer = _post(browse(alice), API, {"name": "Line 5", "requirement": REQUIREMENT})
    assert answer.status_code == 201
    assert answer.json()["requirement"]["classes"] == ["ok", "crack"]
    listed = browse(alice).get(API).json()["results"]
    assert [one["name"] for one in listed] == ["Line 5"]
    assert listed[0]["phase"] == "poc"


def test_unknown_fields_are_named(browse, alice):
    answer = _post(browse(alice), API, {"name": "Line 5", "nmae": "x"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert "Unknown field" in answer.json()["fields"]["nmae"][0]
    with_typo = {"name": "Line 5", "requirement": REQUIREMENT | {"clases": []}}
    assert "clases" in _post(browse(alice), API, with_typo).json()["error"]


def test_the_same_name_twice_is_refused(browse, alice, engagement):
    answer = _post(browse(alice), API, {"name": engagement.name})
    assert answer.status_code == 400
    assert answer.json()["fields"]["name"]


@pytest.mark.parametrize("body", ["", "[]", "{", '"text"', "null", '{"name": "a\\u0000b"}'])
def test_a_body_that_makes_no_sense_is_a_400(browse, alice, body):
    answer = browse(alice).post(API, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_of_another_type_is_a_415(browse, alice):
    answer = browse(alice).post(API, "name=x", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415


def test_a_viewer_reads_and_writes_nothing(browse, bob, engagement):
    client, address = browse(bob), f"{API}/{engagement.pk}"
    for path in (API, address, f"{address}/requirements", f"{address}/timeline"):
        assert client.get(path).status_code == 200
    assert _post(client, API, {"name": "Line 5"}).status_code == 403
    assert _post(client, f"{address}/requirements", REQUIREMENT).status_code == 403
    assert _post(client, f"{address}/advance", {"to": "fine_tuning"}).status_code == 403


def test_a_stranger_finds_nothing(browse, carol, engagement):
    client, address = browse(carol), f"{API}/{engagement.pk}"
    for path in (API, address, address.replace("/acme/", "/globex/")):
        assert client.get(path).status_code == 404


def test_an_address_that_does_not_exist_is_a_problem_too(browse, alice):
    answer = browse(alice).get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_requirements_count_up(browse, alice, engagement):
    client, address = browse(alice), f"{API}/{engagement.pk}/requirements"
    answer = _post(client, address, REQUIREMENT)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert [one["version"] for one in client.get(address).json()["results"]] == [2, 1]


def test_a_target_is_a_proportion(browse, alice, engagement):
    address = f"{API}/{engagement.pk}/requirements"
    answer = _post(browse(alice), address, REQUIREMENT | {"target": "95"})
    assert answer.status_code == 400 and "target" in answer.json()["fields"]


def test_a_red_gate_is_a_409_that_names_each_unmet_check(browse, alice, engagement):
    answer = _post(browse(alice), f"{API}/{engagement.pk}/advance", {"to": "fine_tuning"})
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    unmet = {one["check"]: one["words"] for one in answer.json()["unmet"]}
    assert unmet["engagements.contract"] == "No contract is frozen yet."
    assert "No contract is frozen yet." in answer.json()["error"]


def test_moving_on(browse, alice, mei, acme, engagement):
    client, address = browse(alice), f"{API}/{engagement.pk}"
    with tenant_scope(acme):
        factories.waive_gate(engagement, asking=alice, granting=mei)
    assert _post(client, f"{address}/advance", {"to": "go_live"}).status_code == 400
    answer = _post(client, f"{address}/advance", {"to": "fine_tuning"})
    assert answer.json()["phase"] == "fine_tuning"
    newest = client.get(f"{address}/timeline").json()["results"][0]
    assert newest["text"] == "Alice moved the engagement from PoC to Fine-tuning"
    with tenant_scope(acme):
        assert Engagement.objects.get().phase == "fine_tuning"


def test_lists_are_paged_with_a_link_header(browse, acme, alice):
    for number in range(3):
        factories.engagement(acme, alice, name=f"Part {number}")
    client, names = browse(alice), []
    answer = client.get(f"{API}?limit=2")
    assert 'rel="next"' in answer["Link"]
    names += [one["name"] for one in answer.json()["results"]]
    rest = client.get(answer.json()["next"]).json()
    names += [one["name"] for one in rest["results"]]
    assert sorted(names) == ["Part 0", "Part 1", "Part 2"] and rest["next"] is None


def _post(client, address, data):
    return client.post(address, data, content_type="application/json")
