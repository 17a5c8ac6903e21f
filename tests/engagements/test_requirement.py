"""The requirement: every field, versions with what changed, signed by one person of each side."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.scoping import tenant_scope
from engagements import requirements, signoffs
from engagements.models import Signoff
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict
from tests import factories

pytestmark = pytest.mark.django_db
KIND = Signoff.Kind.REQUIREMENT
SHORT = {"need": "Find them.", "classes": "ok\nscratch", "metric": "accuracy", "target": "95"}
FULL = SHORT | {
    "business_process": "After casting, before shipping.",
    "data_format": "PNG, one part per picture",
    "stated_images": "2000",
    "stated_shares": "ok: 80\nscratch: 20",
    "minimum_recalls": "scratch: 92.5%",
    "false_negative_cents": "12.50",
    "p95_latency_ms": "300",
    "sensitivity": "confidential",
    "retention_days": "365",
    "acceptance_owner": "Olga",
}
API = "/api/v1/tenants/acme/engagements"


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def sign(engagement, by):
    wanted = signoffs.statement(engagement, KIND)
    return signoffs.sign(engagement, KIND, sha256=sha256_of(wanted), by=by)


def test_every_field_is_written_on_the_page_in_the_units_of_people(browse, acme, alice, engagement):
    client = browse(alice)
    page = client.post(_url("write_requirement", engagement), FULL, follow=True).text
    assert "Version 2 now stands." in page
    for words in ("ok 80%, scratch 20%", "scratch 92.5%", "12.50", "300 ms", "365 days", "Olga"):
        assert words in page
    with tenant_scope(acme):
        written = engagement.requirement
    assert written.false_negative_cents == 1250
    assert written.minimum_recalls == {"scratch": 0.925}
    assert written.stated_shares == {"ok": 0.8, "scratch": 0.2}


def test_the_page_says_what_changed_between_versions(browse, alice, engagement):
    client = browse(alice)
    page = client.post(_url("write_requirement", engagement), SHORT, follow=True).text
    assert "<del>90%</del>" in page and "<ins>95%</ins>" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("minimum_recalls", "dent: 90", "None of the classes: dent."),
        ("minimum_recalls", "scratch: 100", "both left out"),
        ("minimum_recalls", "scratch: 0", "both left out"),
        ("minimum_recalls", "scratch", "not a class with its share"),
        ("minimum_recalls", "scratch: 1e9999999", "not a class with its share"),
        ("minimum_recalls", "scratch: sNaN", "not a class with its share"),
        ("minimum_recalls", "scratch: -1", "not a class with its share"),
        ("stated_shares", "ok: NaN", "not a class with its share"),
        ("stated_shares", "ok: 50\nscratch: 30", "add up to 80%"),
        ("stated_shares", "crack: 10", "None of the classes: crack."),
        ("false_positive_cents", "-1", "greater than or equal to 0"),
    ],
)
def test_what_makes_no_sense_comes_back_with_words(browse, alice, engagement, field, value, words):
    answer = browse(alice).post(_url("write_requirement", engagement), SHORT | {field: value})
    assert answer.status_code == 422 and words in answer.text


def test_the_api_takes_and_gives_every_field(browse, alice, engagement):
    wanted = {"need": "Find.", "classes": ["ok", "scratch"], "target": "0.95"}
    wanted |= {"minimum_recalls": {"scratch": 0.9}, "review_cents": 40, "sensitivity": "health"}
    client, address = browse(alice), f"{API}/{engagement.pk}/requirements"
    answer = client.post(address, wanted, content_type="application/json")
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in wanted} == wanted | {"target": "0.9500"}
    wrong = wanted | {"minimum_recalls": {"dent": 0.9}}
    answer = client.post(address, wrong, content_type="application/json")
    assert answer.status_code == 400 and "dent" in answer.json()["error"]


def test_a_requirement_is_signed_once_a_person_of_each_side_has(acme, alice, mei, engagement):
    with tenant_scope(acme):
        assert signoffs.missing(engagement, KIND) == ["The customer", "The vendor"]
        signed = sign(engagement, alice)
        assert signed.statement["target"] == "0.9000" and signed.statement["version"] == 1
        assert signoffs.missing(engagement, KIND) == ["The vendor"]
        assert not requirements.is_signed(engagement)
        sign(engagement, mei)
        assert requirements.is_signed(engagement)


def test_who_may_not_change_the_engagement_does_not_sign(acme, bob, engagement):
    with tenant_scope(acme), pytest.raises(ValidationError, match="may change the engagement"):
        sign(engagement, bob)


def test_a_signed_requirement_is_not_written_over(acme, alice, mei, engagement):
    again = {"need": "More.", "classes": ["ok", "scratch"], "metric": "accuracy", "target": "0.9"}
    with tenant_scope(acme):
        mine = sign(engagement, alice)
        sign(engagement, mei)
        with pytest.raises(Conflict, match="propose a change request"):
            requirements.write_requirement(engagement, **again, by=alice)
        signoffs.revoke(mine, reason="One class is missing.", by=alice)
        assert requirements.write_requirement(engagement, **again, by=alice).version == 2
        assert signoffs.standing(engagement, KIND) == [], "a new version asks for new signatures"


def test_it_is_signed_on_its_page(browse, acme, alice, engagement):
    client = browse(alice)
    with tenant_scope(acme):
        sha256 = sha256_of(signoffs.statement(engagement, KIND))
    assert sha256 in client.get(_url("requirement", engagement)).text
    answer = client.post(_url("sign", engagement), {"kind": KIND, "sha256": sha256})
    assert answer.headers["Location"] == _url("requirement", engagement)
    page = client.get(_url("requirement", engagement)).text
    assert "Take back" in page and "The vendor has not signed" in page


def test_a_viewer_reads_it_and_signs_nothing(browse, bob, engagement):
    client = browse(bob)
    page = client.get(_url("requirement", engagement)).text
    assert "Find faulty castings" in page and "Write this version" not in page
    assert client.post(_url("sign", engagement), {"kind": KIND}).status_code == 403


def _url(name, engagement):
    return reverse(f"engagements:{name}", args=["acme", engagement.pk])
