"""Changes of a signed requirement: one side proposes, the other decides, both see it."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements import changes, requirements
from engagements.models import ChangeRequest
from lepton.lib.refusals import Conflict
from tests import factories
from tests.engagements.test_requirement import sign

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme/engagements"


@pytest.fixture
def engagement(acme, alice, mei):
    made = factories.engagement(acme, alice)
    with tenant_scope(acme):
        sign(made, alice)
        sign(made, mei)
    return made


@pytest.fixture
def change(acme, alice, engagement):
    with tenant_scope(acme):
        return changes.propose_change(
            engagement, reason="A stricter buyer.", target="0.95", by=alice
        )


def test_the_other_side_accepts_and_the_next_version_stands(browse, acme, mei, engagement, change):
    client = browse(mei)
    page = client.get(_url("requirement", engagement)).text
    assert "A stricter buyer." in page and "<ins>95%</ins>" in page
    page = client.post(_url("accept_change", engagement, change), follow=True).text
    assert "Version 2 now stands." in page
    with tenant_scope(acme):
        assert f"{engagement.requirement.target:.2f}" == "0.95"
        change.refresh_from_db()
        assert (change.state, change.result.version) == ("accepted", 2)
        verbs = set(AuditEntry.objects.values_list("verb", flat=True))
        assert {"change.proposed", "change.accepted"} <= verbs
        assert not requirements.is_signed(engagement), "the next version asks for new signatures"


def test_ones_own_side_withdraws_and_does_not_accept(browse, acme, alice, engagement, change):
    client = browse(alice)
    page = client.post(_url("accept_change", engagement, change), follow=True).text
    assert "A person of the other side decides" in page
    page = client.post(_url("withdraw_change", engagement, change), follow=True).text
    assert "The change is withdrawn." in page
    with tenant_scope(acme):
        assert engagement.requirement.version == 1


def test_declining_says_why(browse, acme, mei, engagement, change):
    client, url = browse(mei), _url("decline_change", engagement, change)
    assert "Say why the change is declined." in client.post(url, follow=True).text
    page = client.post(url, {"reason": "Not for this price."}, follow=True).text
    assert "The change is declined." in page and "Not for this price." in page
    with tenant_scope(acme), pytest.raises(Conflict, match="decided on already"):
        changes.accept_change(change, by=mei)


def test_the_other_side_does_not_withdraw(acme, mei, change):
    with tenant_scope(acme), pytest.raises(ValidationError, match="Only the side"):
        changes.withdraw_change(change, by=mei)


def test_one_change_at_a_time(acme, mei, engagement, change):
    with tenant_scope(acme), pytest.raises(Conflict, match="proposed already"):
        changes.propose_change(engagement, reason="Another.", target="0.97", by=mei)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"reason": " ", "target": "0.95"}, "Say why"),
        ({"reason": "Same again.", "target": "0.9"}, "Nothing differs"),
        ({"reason": "Odd.", "classes": ["ok"]}, "at least two classes"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(acme, alice, engagement, asked, words):
    with tenant_scope(acme), pytest.raises(ValidationError, match=words):
        changes.propose_change(engagement, **asked, by=alice)


def test_what_is_not_signed_needs_no_change_request(acme, alice):
    made = factories.engagement(acme, alice, name="Line 9")
    with tenant_scope(acme), pytest.raises(ValidationError, match="only a signed requirement"):
        changes.propose_change(made, reason="More.", target="0.95", by=alice)


def test_two_people_decide_at_once_and_one_is_told(acme, mei, change):
    with tenant_scope(acme):
        seen_by_another = ChangeRequest.objects.get(pk=change.pk)
        changes.decline_change(change, reason="No.", by=mei)
        with pytest.raises(Conflict, match="decided on already"):
            changes.accept_change(seen_by_another, by=mei)


def test_the_page_proposes_what_was_typed(browse, alice, engagement):
    typed = {"need": "Find all.", "classes": "ok\nscratch", "metric": "accuracy", "target": "92"}
    client = browse(alice)
    assert "Propose this change" in client.get(_url("requirement", engagement)).text
    url = _url("propose_change", engagement)
    assert client.post(url, typed).status_code == 422
    page = client.post(url, typed | {"reason": "Fewer misses."}, follow=True).text
    assert "the other side decides" in page and "<ins>92%</ins>" in page


def test_the_api_proposes_lists_and_accepts(browse, bob, carol, alice, mei, engagement):
    address = f"{API}/{engagement.pk}/change-requests"
    wanted = {"reason": "Slower line.", "p95_latency_ms": 500}
    assert _post(browse(bob), address, wanted).status_code == 403
    assert _post(browse(carol), address, wanted).status_code == 404
    made = _post(browse(alice), address, wanted)
    assert made.status_code == 201, made.text
    [row] = made.json()["changes"]
    assert (row["field"], row["before"], row["after"]) == (
        "p95_latency_ms",
        "not stated",
        "500 ms",
    )
    assert _post(browse(alice), address, wanted).status_code == 409
    [listed] = browse(bob).get(address).json()["results"]
    assert listed["state"] == "proposed"
    assert _post(browse(alice), f"{address}/{listed['id']}/accept", {}).status_code == 400
    accepted = _post(browse(mei), f"{address}/{listed['id']}/accept", {})
    assert accepted.json()["result"] == 2
    assert _post(browse(mei), f"{address}/{listed['id']}/accept", {}).status_code == 409


def test_writing_over_a_signed_requirement_is_a_409(browse, alice, engagement):
    wanted = {"need": "Find.", "classes": ["ok", "scratch"], "target": "0.95"}
    answer = _post(browse(alice), f"{API}/{engagement.pk}/requirements", wanted)
    assert answer.status_code == 409 and "change request" in answer.json()["error"]


def _url(name, engagement, *more):
    return reverse(f"engagements:{name}", args=["acme", engagement.pk, *(m.pk for m in more)])


def _post(client, address, data):
    return client.post(address, data, content_type="application/json")
