"""An ML engineer decides on a model, with a reason; the gate of fine-tuning reads it."""

import pytest

from accounts.scoping import tenant_scope
from engagements import contracts, gates, signoffs
from engagements.models import Engagement
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured
from training.gates import model_approved

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def version(acme, alice, mei, engagement):
    """A model version that passed under the signed contract."""
    with tenant_scope(acme):
        data = dataset_version(engagement, alice)
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT, "deciders": [alice, mei]}
        contract = contracts.freeze_contract(engagement, **terms, by=mei)
        for person in (alice, mei):
            signoffs.sign(engagement, "contract", sha256=contract.sha256, by=person)
        model = measured(data, alice, [[900, 100], [100, 900]])
        contracts.judge(engagement, candidate_id=model.pk, by=mei)
        return model


@pytest.fixture
def ravi(db):
    return factories.staff("Ravi", "ml_engineer")


def decide(client, version, **body):
    url = f"/api/v1/tenants/acme/model-versions/{version.pk}/approvals"
    return client.post(url, body, "application/json")


def test_the_gate_of_fine_tuning_waits_for_the_approval(acme, engagement, version, ravi, browse):
    def found():
        with tenant_scope(acme):
            return model_approved(Engagement.objects.get())

    assert not found().met and "waits for a decision" in found().words
    with tenant_scope(acme):
        assert "training.approved" in {one.key for one in gates.checks_of("fine_tuning")}
    decide(browse(ravi), version, decision="rejected", reason="It misses every small scratch.")
    assert not found().met and "misses every small scratch" in found().words
    decide(browse(ravi), version, decision="approved", reason="The scratches were mislabelled.")
    assert found().met and found().evidence["by"] == "Ravi"


@pytest.mark.parametrize("person", ["alice", "mei"])
def test_nobody_else_decides(request, person, version, browse):
    client = browse(request.getfixturevalue(person))
    answer = decide(client, version, decision="approved", reason="It looks good.")
    assert answer.status_code in (400, 403)
    page = f"/t/acme/e/{version.engagement_id}/models/{version.pk}/"
    assert client.post(f"{page}decide/", {"decision": "approved", "reason": "x"}).status_code == 404
    assert "Decide" not in client.get(page).text


def test_the_engineer_decides_on_the_page_and_everybody_reads_why(version, ravi, bob, browse):
    page = f"/t/acme/e/{version.engagement_id}/models/{version.pk}/"
    client = browse(ravi)
    assert "has not decided yet" in client.get(page).text
    client.post(f"{page}decide/", {"decision": "approved", "reason": ""})
    assert "has not decided yet" in client.get(page).text  # and the page says what is missing
    client.post(f"{page}decide/", {"decision": "approved", "reason": "Its errors are harmless."})
    shown = browse(bob).get(page).text
    assert "Approved" in shown and "Its errors are harmless." in shown
