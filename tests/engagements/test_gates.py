"""Gates: predicates over live rows that guard every phase."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from accounts.models import AuditEntry, author
from accounts.scoping import tenant_scope
from engagements import contracts, gates, services, signoffs, waivers
from engagements.models import Engagement, PhaseRecord, Signoff, Waiver
from engagements.phases import ORDER, Phase
from lepton.lib.refusals import Conflict
from serving.models import Deployment, Endpoint
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice, in_acme):
    return factories.engagement(acme, alice)


def _prove_the_concept(engagement, alice, mei, confusion=((900, 100), (100, 900))):
    """Everything the gate of the PoC asks for, by real actions; returns the model version."""
    version = dataset_version(engagement, alice)
    terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
    contract = contracts.freeze_contract(engagement, **terms, by=mei)
    for person in (alice, mei):
        signoffs.sign(engagement, Signoff.Kind.CONTRACT, sha256=contract.sha256, by=person)
    model = measured(version, alice, [list(row) for row in confusion])
    contracts.judge(engagement, candidate_id=model.pk, by=mei)
    return model


def test_every_phase_is_guarded():
    assert gates.unguarded() == []


def test_the_move_is_refused_and_each_unmet_check_is_named(engagement, alice):
    with pytest.raises(Conflict) as refusal:
        services.advance(engagement, to="fine_tuning", by=alice)
    assert [one["check"] for one in refusal.value.members["unmet"]] == [
        "engagements.contract",
        "engagements.contract_signed",
        "engagements.verdict",
        "training.measured",
    ]
    assert "Acceptance contract frozen: No contract is frozen yet." in refusal.value.messages
    engagement.refresh_from_db()
    assert engagement.phase == "poc" and not PhaseRecord.objects.exists()


def test_facts_open_the_gate_and_are_kept_with_a_hash(engagement, alice, mei):
    _prove_the_concept(engagement, alice, mei)
    services.advance(engagement, to="fine_tuning", by=alice)
    record = PhaseRecord.objects.get()
    assert (record.phase, record.to, record.created_by) == ("poc", "fine_tuning", alice)
    evidence = {check["key"]: check["evidence"] for check in record.checks}
    assert evidence["training.measured"]["n"] == 2000
    assert evidence["engagements.contract_signed"]["signed"] == ["Alice", "Mei"]
    assert all(check["met"] for check in record.checks)
    assert record.is_intact
    record.checks[0]["met"] = False
    assert not record.is_intact


def test_the_kept_evidence_cannot_be_changed(engagement, alice, mei):
    _prove_the_concept(engagement, alice, mei)
    services.advance(engagement, to="fine_tuning", by=alice)
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        PhaseRecord.objects.update(checks=[])


@pytest.mark.parametrize("flip", ["new contract", "signature taken back", "worse model"])
def test_one_flipped_fact_closes_the_gate_again(engagement, alice, mei, flip):
    _prove_the_concept(engagement, alice, mei)
    assert gates.look(engagement).is_open
    if flip == "new contract":
        terms = {"accuracy_target": "0.95", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
        contracts.freeze_contract(engagement, **terms, by=mei)
        closed = {"engagements.contract_signed"}
    elif flip == "signature taken back":
        signoffs.revoke(Signoff.objects.get(created_by=alice), reason="Wrong line.", by=alice)
        closed = {"engagements.contract_signed"}
    else:
        version = engagement.datasets.get().versions.get()
        model = measured(version, alice, [[75, 25], [25, 75]])
        contracts.judge(engagement, candidate_id=model.pk, by=mei)
        closed = {"engagements.verdict"}
    assert {check.key for check in gates.look(engagement).unmet} == closed
    with pytest.raises(Conflict):
        services.advance(engagement, to="fine_tuning", by=alice)


def test_a_waiver_needs_a_reason_and_a_second_person(engagement, alice, mei):
    with pytest.raises(ValidationError, match="Say why"):
        waivers.request_waiver(engagement, "engagements.verdict", reason=" ", by=alice)
    waiver = waivers.request_waiver(engagement, "engagements.verdict", reason="Pilot.", by=alice)
    with pytest.raises(ValidationError, match="second person"):
        waivers.grant_waiver(waiver, by=alice)
    assert "engagements.verdict" in {check.key for check in gates.look(engagement).unmet}
    waivers.grant_waiver(waiver, by=mei)
    assert "engagements.verdict" not in {check.key for check in gates.look(engagement).unmet}
    with pytest.raises(Conflict, match="granted already"):
        waivers.grant_waiver(waiver, by=mei)
    verbs = set(AuditEntry.objects.verbs())
    assert {"waiver.requested", "waiver.granted"} <= verbs


def test_the_database_too_refuses_one_person_as_both(engagement, alice):
    waiver = waivers.request_waiver(engagement, "engagements.verdict", reason="Pilot.", by=alice)
    with pytest.raises(IntegrityError, match="two_people"), transaction.atomic():
        Waiver.objects.filter(pk=waiver.pk).update(granted_by=alice)


def test_a_waiver_is_for_one_unmet_check_of_this_gate(engagement, alice, mei):
    for check in ("engagements.requirement", "serving.endpoint_live", "nonsense"):
        with pytest.raises(ValidationError, match="no such unmet check"):
            waivers.request_waiver(engagement, check, reason="Because.", by=alice)
    waivers.request_waiver(engagement, "engagements.verdict", reason="Because.", by=alice)
    with pytest.raises(Conflict, match="already"):
        waivers.request_waiver(engagement, "engagements.verdict", reason="Because.", by=mei)


def test_a_waived_check_is_kept_as_waived_and_holds_for_one_phase_only(engagement, alice, mei):
    factories.waive_gate(engagement, asking=alice, granting=mei)
    services.advance(engagement, to="fine_tuning", by=alice)
    checks = {check["key"]: check for check in PhaseRecord.objects.get().checks}
    assert not checks["engagements.verdict"]["met"]
    assert checks["engagements.verdict"]["waiver"] == {
        "reason": "Agreed by phone.",
        "asked_by": "Alice",
        "granted_by": "Mei",
    }
    assert "engagements.verdict" in {check.key for check in gates.look(engagement).unmet}


def test_a_waiver_comes_too_late_once_the_engagement_moved(engagement, alice, mei):
    late = waivers.request_waiver(engagement, "engagements.verdict", reason="Pilot.", by=alice)
    Engagement.objects.filter(pk=engagement.pk).update(phase="deployment")
    with pytest.raises(Conflict, match="moved on"):
        waivers.grant_waiver(late, by=mei)


def test_the_endpoint_opens_the_gate_of_the_deployment(engagement, alice, mei):
    model = _prove_the_concept(engagement, alice, mei)
    Engagement.objects.filter(pk=engagement.pk).update(phase="deployment")
    engagement.refresh_from_db()
    assert {c.key for c in gates.look(engagement).unmet} == {
        "serving.endpoint_live",
        "serving.accepted_model",
    }
    endpoint = Endpoint.objects.create(engagement=engagement, slug="line-1", **author(alice))
    place = {"endpoint": endpoint, "state": "live", "live_at": engagement.phase_since}
    Deployment.objects.create(model_version=model, number=1, **place, **author(alice))
    assert gates.look(engagement).is_open
    other = measured(engagement.datasets.get().versions.get(), alice, [[5, 5], [5, 5]])
    Deployment.objects.create(model_version=other, number=2, **place, **author(alice))
    [check] = gates.look(engagement).unmet
    assert check.finding.words == "Model version 2 has not passed under the standing contract."


def test_the_gate_of_the_go_live_asks_for_signatures_a_load_test_and_a_drill(
    engagement, alice, mei
):
    _prove_the_concept(engagement, alice, mei)
    Engagement.objects.filter(pk=engagement.pk).update(phase="go_live")
    engagement.refresh_from_db()
    assert {c.key for c in gates.look(engagement).unmet} == {
        "engagements.go_live_signed",
        "serving.endpoint_live",
        "serving.accepted_model",
        "serving.load_tested",
        "serving.rolled_back",
        "feedback.alerted",
    }


def test_after_the_last_phase_the_next_iteration_begins(engagement, alice, mei):
    for phase in [*ORDER[1:], ORDER[0]]:
        factories.waive_gate(engagement, asking=alice, granting=mei)
        engagement = services.advance(engagement, to=phase, by=alice)
    assert (engagement.phase, engagement.iteration) == ("poc", 2)
    left = set(PhaseRecord.objects.values_list("phase", flat=True))
    assert left == set(Phase)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_it_at_once_one_wins_and_the_other_is_told(acme, alice, mei):
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        factories.waive_gate(engagement, asking=alice, granting=mei)
    together, outcomes = threading.Barrier(2), []

    def move(person):
        together.wait(10)
        try:
            with tenant_scope(acme):
                services.advance(engagement, to="fine_tuning", by=person)
            outcomes.append("moved")
        except Conflict as refusal:
            outcomes.append(refusal.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=[person]) for person in (alice, mei)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    told = "Somebody else has just moved this engagement: look again."
    assert sorted(outcomes, key=len) == ["moved", told]
    with tenant_scope(acme):
        assert Engagement.objects.get().phase == "fine_tuning"
        assert PhaseRecord.objects.count() == 1
