"""Pages of the contract and the gate: what stands, who may act, and what a person is told."""

import pytest
from django.urls import reverse

from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import gates
from engagements.models import Engagement, Requirement, Waiver
from lepton.lib.canonical import sha256_of
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice):
    made = factories.engagement(acme, alice)
    with tenant_scope(acme):
        made.version = dataset_version(made, alice)
        made.model = measured(made.version, alice, [[9, 1], [1, 9]])
    return made


def _url(name, engagement, *more):
    return reverse(f"engagements:{name}", args=["acme", engagement.pk, *more])


def _terms(alice, mei, **changes):
    people = {"holdout": HOLDOUT, "deciders": [str(alice.pk), str(mei.pk)]}
    return people | {"accuracy": "85", recall_of("scratch"): "80"} | changes


def recall_of(name):
    """The field of a class's least recall."""
    return f"recall_{sha256_of(name)[:12]}"


def test_a_contract_is_frozen_judged_and_signed_in_the_browser(browse, alice, mei, engagement):
    client, address = browse(mei), _url("contract", engagement)
    page = client.post(_url("freeze_contract", engagement), _terms(alice, mei), follow=True).text
    assert "Version 1 of the contract is frozen." in page
    assert "at least 85.0%" in page and "Recall of “scratch”" in page
    judged = {"candidate_id": engagement.model.pk}
    page = client.post(_url("judge", engagement), judged, follow=True).text
    assert "The verdict: Inconclusive." in page
    assert "176 more labelled items would settle it." in page
    with tenant_scope(engagement.tenant_id):
        sha256 = engagement.contract.sha256
    signature = {"kind": "contract", "sha256": sha256}
    page = client.post(_url("sign", engagement), signature, follow=True).text
    assert "Your signature stands." in page and "Alice has not signed" in page
    assert sha256 in browse(alice).get(address).text


def test_the_first_contract_starts_from_the_requirement(browse, acme, alice, mei, engagement):
    asked = {"need": "Find scratches.", "classes": ["ok", "scratch"], "target": "0.93"}
    asked |= {"metric": "macro_auc", "minimum_recalls": {"scratch": 0.71}, "p95_latency_ms": 321}
    with tenant_scope(acme):
        version = engagement.requirement.version + 1 if engagement.requirement else 1
        Requirement.objects.create(engagement=engagement, version=version, **asked, **author(mei))
    page = browse(mei).get(_url("contract", engagement)).text
    for field, value in (
        ("macro_auc", "93"),
        (recall_of("scratch"), "71"),
        ("p95_latency_ms", "321"),
    ):
        assert f'name="{field}" value="{value}"' in page
    terms = _terms(alice, mei, accuracy="", macro_auc="93")
    page = browse(mei).post(_url("freeze_contract", engagement), terms, follow=True).text
    assert "Macro AUC" in page and "at least 93.0%" in page


def test_the_next_version_starts_from_every_recall_of_the_one_before(
    browse, acme, alice, mei, engagement
):
    """Also of a class behind the thirtieth, and of one that the newest holdout has no more."""
    many = [f"c{number:02}" for number in range(40)]
    with tenant_scope(acme):
        for holdout, classes in (("b" * 64, many), ("c" * 64, many[:2])):
            counts = [10] * len(classes)
            dataset_version(engagement, alice, holdout=holdout, counts=counts, classes=classes)
    terms = {"accuracy_target": "0.85", "minimum_recalls": {"c01": "0.8", "c39": "0.9"}}
    terms |= {"holdout_sha256": "b" * 64, "deciders": [str(alice.pk), str(mei.pk)]}
    path = f"/api/v1/tenants/acme/engagements/{engagement.pk}/contracts"
    first = browse(mei).post(path, terms, content_type="application/json")
    assert first.status_code == 201
    page = browse(mei).get(_url("contract", engagement)).text
    kept = {recall_of("c01"): "80", recall_of("c39"): "90"}
    for field, value in kept.items():
        assert f'name="{field}" value="{value}"' in page
    terms = _terms(alice, mei, holdout="b" * 64, **kept | {recall_of("scratch"): ""})
    browse(mei).post(_url("freeze_contract", engagement), terms)
    newest = browse(mei).get(path).json()["results"][0]
    assert newest["version"] == 2
    assert newest["minimum_recalls"] == {"c01": 0.8, "c39": 0.9}
    refused = browse(mei).post(_url("freeze_contract", engagement), terms | {"holdout": "c" * 64})
    assert refused.status_code == 422 and "The holdout has no class “c39”." in refused.text


def test_terms_that_do_not_fit_come_back_with_what_was_typed(browse, alice, mei, engagement):
    for wrong, words in (
        ({"accuracy": ""}, "at least one metric"),
        ({"deciders": [str(mei.pk)]}, "each side"),
        ({"accuracy": "100"}, "less than or equal to"),
    ):
        terms = _terms(alice, mei, **wrong)
        answer = browse(mei).post(_url("freeze_contract", engagement), terms)
        assert answer.status_code == 422
        assert words in answer.text and 'value="80"' in answer.text


def test_without_a_holdout_the_page_says_what_to_do_first(browse, acme, alice):
    bare = factories.engagement(acme, alice, name="Line 9")
    page = browse(alice).get(_url("contract", bare)).text
    assert "Freeze a dataset version first" in page


def test_a_viewer_sees_the_contract_and_the_gate_and_can_do_nothing(
    browse, acme, alice, bob, mei, engagement
):
    client = browse(mei)
    client.post(_url("freeze_contract", engagement), _terms(alice, mei))
    page = browse(bob).get(_url("contract", engagement)).text
    assert "at least 85.0%" in page and "has not signed" in page
    assert 'action="/t/' not in page
    overview = browse(bob).get(_url("overview", engagement)).text
    assert "Gate of the phase “PoC”" in overview and "Move to" not in overview
    for name in ("freeze_contract", "judge", "sign", "advance", "request_waiver"):
        assert browse(bob).post(_url(name, engagement)).status_code == 403


def test_the_gate_names_what_is_missing_and_why_one_cannot_move_on(browse, alice, engagement):
    page = browse(alice).get(_url("overview", engagement)).text
    assert "4 checks unmet" in page
    assert "No contract is frozen yet." in page
    assert 'aria-disabled="true" title="Acceptance contract frozen: No contract' in page


def test_a_waiver_is_asked_for_by_one_and_granted_by_another(browse, acme, alice, mei, engagement):
    asked = {"check": "engagements.verdict", "reason": "A pilot."}
    page = browse(alice).post(_url("request_waiver", engagement), asked, follow=True).text
    assert "Alice asks for a waiver: “A pilot.”" in page
    with tenant_scope(acme):
        waiver = Waiver.objects.get()
    grant = _url("grant_waiver", engagement, waiver.pk)
    assert grant not in page, "nobody grants their own"
    assert "second person" in browse(alice).post(grant, follow=True).text
    assert grant in browse(mei).get(_url("overview", engagement)).text
    assert "Waived: Alice asked, Mei granted." in browse(mei).post(grant, follow=True).text


def test_what_a_phase_was_left_on_is_shown_with_its_hash(browse, acme, alice, mei, engagement):
    with tenant_scope(acme):
        factories.waive_gate(engagement, asking=alice, granting=mei)
    browse(alice).post(_url("advance", engagement), {"to": "fine_tuning"})
    page = browse(alice).get(_url("gates_passed", engagement)).text
    assert "Agreed by phone." in page and "The evidence still has this hash" in page
    with tenant_scope(acme):
        assert Engagement.objects.get().phase_records.get().sha256 in page


def test_the_whole_of_it_through_the_api(browse, acme, alice, mei, bob, engagement):
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}"

    def post(person, path, data=None):
        return browse(person).post(f"{api}/{path}", data or {}, content_type="application/json")

    [holdout] = browse(alice).get(f"{api}/holdouts").json()
    terms = {"accuracy_target": "0.85", "holdout_sha256": holdout["sha256"]}
    strangers = terms | {"deciders": [str(bob.pk), str(mei.pk)]}
    assert "Cannot decide here" in post(mei, "contracts", strangers).json()["error"]
    terms |= {"deciders": [str(alice.pk), str(mei.pk)]}
    assert post(bob, "contracts", terms).status_code == 403
    contract = post(mei, "contracts", terms).json()
    assert contract["version"] == 1
    verdict = post(mei, "verdicts", {"model_version": str(engagement.model.pk)}).json()
    assert verdict["outcome"] == "inconclusive" and verdict["criteria"][0]["needed"] == 176
    [_asked, statement, go_live] = browse(alice).get(f"{api}/statements").json()
    assert statement["sha256"] == contract["sha256"] and go_live["missing"] == ["Alice", "Mei"]
    signed = post(alice, "signoffs", {"kind": "contract", "sha256": contract["sha256"]})
    assert signed.status_code == 201
    again = post(alice, "signoffs", {"kind": "contract", "sha256": contract["sha256"]})
    assert again.status_code == 409
    taken_back = post(alice, f"signoffs/{signed.json()['id']}/revoke", {"reason": "Wrong line."})
    assert taken_back.json()["revokes"] == signed.json()["id"]
    checks = {c["check"]: c["met"] for c in browse(bob).get(f"{api}/gate").json()["checks"]}
    assert checks["training.measured"] and not checks["engagements.contract_signed"]
    waiver = post(alice, "waivers", {"check": "engagements.verdict", "reason": "Pilot."}).json()
    assert post(alice, f"waivers/{waiver['id']}/grant").status_code == 400
    assert post(mei, f"waivers/{waiver['id']}/grant").json()["granted_by"] == "Mei"
    assert post(alice, "advance", {"to": "fine_tuning"}).status_code == 409
    with tenant_scope(acme):
        assert [check.key for check in gates.look(engagement).unmet] == [
            "engagements.contract_signed"
        ]
    for person in (alice, mei):
        post(person, "signoffs", {"kind": "contract", "sha256": contract["sha256"]})
    assert post(alice, "advance", {"to": "fine_tuning"}).json()["phase"] == "fine_tuning"
    [record] = browse(bob).get(f"{api}/phase-records").json()["results"]
    assert len(record["sha256"]) == 64 and len(record["checks"]) == 6
