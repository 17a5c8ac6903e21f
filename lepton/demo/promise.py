"""The demo's promise: a contract frozen before training and signed, its verdict, its gate."""

import uuid

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.scoping import tenant_scope
from engagements import contracts, gates, holdouts, services, signoffs, verdicts
from engagements.models import Engagement, Signoff
from lepton.demo import cast
from lepton.lib.canonical import sha256_of


def freeze_and_sign(tenant, engagement_id, mei):
    """Freeze the contract on the untouched test split; Alice and Mei sign it."""
    alice = User.objects.get(email=cast.address("Alice", tenant.slug))
    with tenant_scope(tenant):
        engagement = Engagement.objects.get(pk=engagement_id)
        if engagement.contract:
            return engagement.contract, "frozen already"
        contract = contracts.freeze_contract(
            engagement,
            holdout_sha256=holdouts.of(engagement)[0].sha256,
            deciders=[alice, mei],
            accuracy_target=engagement.requirement.target,
            by=mei,
        )
        for person in (alice, mei):
            agreed = sha256_of(signoffs.statement(engagement, Signoff.Kind.CONTRACT))
            signoffs.sign(engagement, Signoff.Kind.CONTRACT, sha256=agreed, by=person)
    n, target = sum(contract.holdout_counts.values()), contract.accuracy_target
    return contract, f"accuracy of {target:.2f} on {n} images kept apart, signed by both sides"


def judge(tenant, engagement_id, model_version, mei):
    """Give the verdict on a model version."""
    with tenant_scope(tenant):
        engagement = Engagement.objects.get(pk=engagement_id)
        verdict = contracts.judge(engagement, candidate_id=uuid.UUID(model_version), by=mei)
        (criterion,) = verdict.criteria
        return verdict, f"{verdict.get_outcome_display()}: {verdicts.words(criterion)}"


def try_the_gate(tenant, engagement_id, mei):
    """Move on to the next phase, if the facts allow it."""
    with tenant_scope(tenant):
        engagement = Engagement.objects.get(pk=engagement_id)
        gate = gates.look(engagement)
        try:
            services.advance(engagement, to=gate.to, by=mei)
        except ValidationError as refusal:
            return None, f"{gate.to.label} refused: {' '.join(refusal.messages)}"
        return engagement, f"moved from {gate.phase.label} to {gate.to.label}"
