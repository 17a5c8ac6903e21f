"""Sign-offs: named people of both sides sign exactly this, and take it back only openly."""

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.utils import ProgrammingError

from engagements import contracts, signoffs
from engagements.models import Signoff
from lepton.lib.canonical import sha256_of
from lepton.lib.refusals import Conflict
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured

pytestmark = pytest.mark.django_db
CONTRACT, GO_LIVE = Signoff.Kind.CONTRACT, Signoff.Kind.GO_LIVE


@pytest.fixture
def engagement(acme, alice, mei, in_acme):
    made = factories.engagement(acme, alice)
    made.version = dataset_version(made, alice)
    _freeze(made, alice, mei)
    return made


def _freeze(engagement, alice, mei, target="0.85"):
    terms = {"accuracy_target": target, "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
    return contracts.freeze_contract(engagement, **terms, by=mei)


def test_the_signed_hash_is_the_hash_of_what_was_agreed(engagement, alice):
    contract = engagement.contract
    signed = signoffs.sign(engagement, CONTRACT, sha256=contract.sha256, by=alice)
    assert sha256_of(signed.statement) == signed.sha256 == contract.sha256
    assert signed.statement["accuracy"] == 0.85
    assert (signed.created_by_label, signed.side) == ("Alice", "customer")
    assert signoffs.missing(engagement, CONTRACT) == ["Mei"]


def test_only_the_named_people_sign(engagement, bob):
    with pytest.raises(ValidationError, match="Only the people whom"):
        signoffs.sign(engagement, CONTRACT, sha256=engagement.contract.sha256, by=bob)


def test_nobody_signs_what_they_did_not_see(engagement, alice, mei):
    seen = engagement.contract.sha256
    _freeze(engagement, alice, mei, target="0.95")
    with pytest.raises(Conflict, match="changed since you looked"):
        signoffs.sign(engagement, CONTRACT, sha256=seen, by=alice)


def test_nobody_signs_twice(engagement, alice):
    seen = engagement.contract.sha256
    signoffs.sign(engagement, CONTRACT, sha256=seen, by=alice)
    with pytest.raises(Conflict, match="signed this already"):
        signoffs.sign(engagement, CONTRACT, sha256=seen, by=alice)


def test_a_signature_is_taken_back_by_a_further_entry_of_the_same_person(engagement, alice, mei):
    seen = engagement.contract.sha256
    signed = signoffs.sign(engagement, CONTRACT, sha256=seen, by=alice)
    with pytest.raises(ValidationError, match="Only the person who signed"):
        signoffs.revoke(signed, reason="Not mine to say.", by=mei)
    with pytest.raises(ValidationError, match="Say why"):
        signoffs.revoke(signed, reason="", by=alice)
    signoffs.revoke(signed, reason="The wrong line was measured.", by=alice)
    assert signoffs.standing(engagement, CONTRACT) == []
    assert Signoff.objects.count() == 2
    with pytest.raises(Conflict, match="taken back already"):
        signoffs.revoke(signed, reason="Again.", by=alice)
    signoffs.sign(engagement, CONTRACT, sha256=seen, by=alice)
    assert len(signoffs.standing(engagement, CONTRACT)) == 1


def test_a_signature_cannot_be_changed_or_removed(engagement, alice):
    signoffs.sign(engagement, CONTRACT, sha256=engagement.contract.sha256, by=alice)
    for change in (lambda rows: rows.update(sha256="0" * 64), lambda rows: rows.delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change(Signoff.objects.all())


def test_going_live_is_signed_on_the_verdict_it_rests_on(engagement, alice, mei):
    model = measured(engagement.version, alice, [[900, 100], [100, 900]])
    contracts.judge(engagement, candidate_id=model.pk, by=mei)
    for person in (alice, mei):
        signoffs.sign(engagement, CONTRACT, sha256=engagement.contract.sha256, by=person)
    with pytest.raises(ValidationError, match="going live is signed in its phase"):
        signoffs.sign(engagement, GO_LIVE, sha256=HOLDOUT, by=alice)
    engagement.phase = "go_live"
    engagement.save(update_fields=["phase"])
    wanted = signoffs.statement(engagement, GO_LIVE)
    assert wanted["model"] == "Model version 1" and wanted["outcome"] == "pass"
    signoffs.sign(engagement, GO_LIVE, sha256=sha256_of(wanted), by=alice)
    contracts.judge(engagement, candidate_id=model.pk, by=mei)
    assert signoffs.standing(engagement, GO_LIVE) == [], "a new verdict asks for new signatures"
