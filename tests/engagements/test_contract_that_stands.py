"""Which version of the contract counts: the newest that everybody it names has signed."""

import pytest
from django.urls import reverse

from engagements import contracts, gates, signoffs
from engagements.models import Signoff, Verdict
from serving import services as serving
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured
from tests.engagements.test_whole_loop import Walk

pytestmark = pytest.mark.django_db
CONTRACT, GO_LIVE = Signoff.Kind.CONTRACT, Signoff.Kind.GO_LIVE
ALL_WRONG = [[5, 95], [95, 5]]
REQUIREMENT = {"need": "Less.", "classes": "ok\nscratch", "metric": "accuracy", "target": "1"}


@pytest.fixture
def engagement(acme, alice, in_acme):
    return factories.engagement(acme, alice)


@pytest.fixture
def walked(engagement, alice, mei):
    """Walk up to (not through) a phase: `walked("go_live")`."""

    return lambda until: Walk(engagement, alice, mei).up_to(until)


class Through:
    """A person acts through the API of the engagement."""

    def __init__(self, client, engagement):
        self.client, self.path = client, f"/api/v1/tenants/acme/engagements/{engagement.pk}"

    def get(self, path):
        return self.client.get(f"{self.path}/{path}").json()

    def post(self, path, **data):
        return self.client.post(f"{self.path}/{path}", data, content_type="application/json")

    def freeze(self, *deciders, target="0.01"):
        people = [str(one.pk) for one in deciders]
        terms = {"accuracy_target": target, "holdout_sha256": HOLDOUT, "deciders": people}
        assert self.post("contracts", **terms).status_code == 201

    def judge(self, model):
        return self.post("verdicts", model_version=str(model.pk)).json()

    def sign(self, kind):
        (wanted,) = [one for one in self.get("statements") if one["kind"] == kind]
        return self.post("signoffs", kind=kind, sha256=wanted["sha256"])

    def check(self, key):
        return next(one for one in self.get("gate")["checks"] if one["check"] == key)

    def deploy(self, model):
        path = "/api/v1/tenants/acme/endpoints/plates/deployments"
        return self.client.post(path, {"model_version": str(model.pk)}, "application/json")


@pytest.fixture
def through(browse, engagement):
    return lambda person: Through(browse(person), engagement)


def test_a_contract_that_nobody_signed_lets_nothing_into_production(walked, through, alice, mei):
    walk, manager = walked("optimisation"), through(mei)
    bad = measured(walk.version, alice, ALL_WRONG)
    manager.freeze(alice, mei)
    verdict = through(alice).judge(bad)
    assert (verdict["contract_version"], verdict["outcome"]) == (1, "fail")
    assert through(alice).deploy(bad).status_code == 409
    manager.sign("contract")
    assert through(alice).judge(bad)["contract_version"] == 1, "one signature is not enough"
    assert through(alice).deploy(bad).status_code == 409
    assert through(alice).sign("contract").status_code == 201
    assert through(alice).deploy(bad).status_code == 409, "it has to be judged by it first"
    verdict = through(alice).judge(bad)
    assert (verdict["contract_version"], verdict["outcome"]) == (2, "pass")
    assert through(alice).deploy(bad).status_code == 201


def test_a_verdict_under_an_unsigned_contract_opens_nothing_after_the_proof(
    walked, through, alice, mei
):
    walk, manager = walked("fine_tuning"), through(mei)
    bad = measured(walk.version, alice, ALL_WRONG)
    manager.freeze(alice, mei)
    through(alice).judge(bad)
    check = manager.check("engagements.verdict")
    assert not check["met"] and check["evidence"]["contract_version"] == 1


def test_where_signing_was_waived_no_unsigned_contract_counts_later(
    engagement, through, alice, mei, browse
):
    version = dataset_version(engagement, alice)
    manager = through(mei)
    manager.freeze(alice, mei)
    manager.judge(measured(version, alice, ALL_WRONG))
    assert manager.check("engagements.verdict")["met"], "the proof rests on the frozen one"
    factories.waive_gate(engagement, asking=alice, granting=mei)
    assert manager.post("advance", to="fine_tuning").status_code == 200
    assert not manager.check("engagements.verdict")["met"]
    assert not manager.check("training.approved")["met"]


def test_a_proposed_contract_leaves_the_signed_requirement_closed(
    engagement, through, browse, alice, mei
):
    dataset_version(engagement, alice)
    through(mei).freeze(alice, mei, target="0.85")
    for person in (alice, mei):
        through(person).sign("contract")
    write = reverse("engagements:write_requirement", args=["acme", engagement.pk])
    assert browse(mei).post(write, REQUIREMENT).status_code == 422
    through(mei).freeze(alice, mei)
    refused = browse(mei).post(write, REQUIREMENT)
    assert refused.status_code == 422 and "propose a change request" in refused.text


def test_signatures_that_never_stood_together_agree_to_nothing(engagement, through, alice, mei):
    dataset_version(engagement, alice)
    through(mei).freeze(alice, mei, target="0.85")
    mine = through(alice).sign("contract").json()
    through(alice).post(f"signoffs/{mine['id']}/revoke", reason="I read it again.")
    through(mei).sign("contract")
    assert engagement.signed_contract is None
    through(alice).sign("contract")
    assert engagement.signed_contract.version == 1


def test_taking_a_signature_back_brings_no_older_contract_back(engagement, through, alice, mei):
    dataset_version(engagement, alice)
    for target in ("0.5", "0.9"):
        through(mei).freeze(alice, mei, target=target)
        signed = [through(person).sign("contract").json() for person in (alice, mei)]
    through(mei).post(f"signoffs/{signed[1]['id']}/revoke", reason="Too high for us.")
    assert engagement.contract.version == 2
    assert not through(mei).check("engagements.contract_signed")["met"]


def test_the_page_shows_what_stands_beside_what_is_proposed(
    engagement, through, browse, alice, bob, mei
):
    dataset_version(engagement, alice)
    through(mei).freeze(alice, mei, target="0.85")
    address = reverse("engagements:contract", args=["acme", engagement.pk])
    assert "Proposed" not in browse(bob).get(address).text
    for person in (alice, mei):
        through(person).sign("contract")
    through(mei).freeze(alice, mei, target="0.95")
    page = browse(bob).get(address).text
    assert "at least 85.0%" in page and "at least 95.0%" in page
    assert "Version 2 stands once everybody it names has signed it. Until then" in page
    assert "Alice has not signed" in page
    for person in (alice, mei):
        through(person).sign("contract")
    page = browse(bob).get(address).text
    assert "at least 95.0%" in page and "at least 85.0%" not in page


def test_what_is_signed_to_go_live_is_the_verdict_on_what_answers(walked, through, alice, mei):
    walk, owner = walked("go_live"), through(alice)
    better = measured(walk.version, alice, [[990, 10], [10, 990]])
    assert owner.judge(better)["outcome"] == "pass"
    assert owner.check("engagements.verdict")["evidence"]["model"] == str(walk.model)
    assert signoffs.statement(walk.engagement, GO_LIVE)["model"] == str(walk.model)
    walk.sign(GO_LIVE)
    assert owner.check("engagements.go_live_signed")["met"]
    walk.put(serving.deploy, model_version=better)
    assert not owner.check("engagements.go_live_signed")["met"], "it asks for new signatures"
    assert signoffs.statement(walk.engagement, GO_LIVE)["model"] == str(better)


def test_the_newest_verdict_on_what_answers_counts_and_not_an_older_pass(
    walked, through, alice, mei
):
    walk, owner = walked("go_live"), through(alice)
    assert owner.check("serving.accepted_model")["met"]
    passed = Verdict.objects.get(candidate_id=walk.model.pk)
    Verdict.objects.create(
        **{
            name: getattr(passed, name)
            for name in ("contract", "candidate_id", "candidate_label", "criteria")
        },
        outcome="fail",
        created_by_label="Alice",
    )
    assert not owner.check("serving.accepted_model")["met"]
    assert not owner.check("engagements.verdict")["met"]
    better = measured(walk.version, alice, [[990, 10], [10, 990]])
    assert owner.judge(better)["outcome"] == "pass"
    assert not owner.check("engagements.verdict")["met"], "another one's pass does not help it"
    assert {check.key for check in gates.look(walk.engagement).unmet} >= {
        "serving.accepted_model",
        "engagements.verdict",
    }
    contracts.judge(walk.engagement, candidate_id=walk.model.pk, by=alice)
    assert owner.check("serving.accepted_model")["met"]
