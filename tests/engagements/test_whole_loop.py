"""The whole loop by services alone: each phase does what its gate asks for, and no more."""

import pytest
from django.utils import timezone

from accounts.models import author
from engagements import contracts, gates, services, signoffs
from engagements.models import PhaseRecord, Signoff
from engagements.phases import ORDER
from feedback import services as feedback
from feedback.alerts import evaluation
from lepton.lib.refusals import Conflict
from serving import services as serving
from serving.models import LoadTest, Prediction, RollbackDrill
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured
from training import approvals

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice, in_acme):
    return factories.engagement(acme, alice)


class Walk:
    """What is done in each phase."""

    def __init__(self, engagement, alice, mei):
        self.engagement, self.alice, self.mei = engagement, alice, mei

    def poc(self):
        self.version = dataset_version(self.engagement, self.alice)
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT}
        contracts.freeze_contract(
            self.engagement, **terms, deciders=[self.alice, self.mei], by=self.mei
        )
        self.sign(Signoff.Kind.CONTRACT)
        self.model = self.judged([[900, 100], [100, 900]])

    def fine_tuning(self):
        self.other, self.model = self.model, self.judged([[950, 50], [50, 950]])
        engineer = factories.staff("Ravi", "ml_engineer")
        approvals.decide(self.model, decision="approved", reason="It is right.", by=engineer)

    def deployment(self):
        self.endpoint = serving.create_endpoint(self.engagement, slug="plates", by=self.mei)
        self.put(serving.deploy, model_version=self.model)

    def monitoring(self):
        facts = {"endpoint": self.endpoint, "model_version": self.model, "user": self.alice}
        answer = {"label": "ok", "score": 0.9, "scores": [0.9, 0.1], "latency_ms": 3}
        self.predictions = [
            Prediction.objects.create(**facts, **answer, input_sha256="0" * 64) for _ in range(21)
        ]
        evaluation.evaluate(self.endpoint)  # as a worker does

    def customer_training(self):
        for path in ("operator", "integrator"):
            assert not gates.look(self.engagement).is_open
            factories.train(self.engagement, path, self.alice)

    def go_live(self):
        tried = {"endpoint": self.endpoint, "model_version": self.model, "state": "succeeded"}
        tried |= {"finished_at": timezone.now(), **author(self.mei)}
        counts = {"sent": 100, "answered": 100, "within_limit": 100, "took_seconds": 10}
        LoadTest.objects.create(per_second=10, seconds=10, at_once=4, **counts, **tried)
        RollbackDrill.objects.create(practised=self.other, rollback_seconds=0.4, **tried)
        self.sign(Signoff.Kind.GO_LIVE)

    def optimisation(self):
        for prediction in self.predictions[:20]:
            feedback.give(prediction, verdict="confirm", by=self.alice)

    def feedback(self):
        feedback.give(self.predictions[20], verdict="correct", label="scratch", by=self.alice)

    def data_iteration(self):
        dataset_version(self.engagement, self.alice)

    def judged(self, confusion):
        model = measured(self.version, self.alice, confusion)
        contracts.judge(self.engagement, candidate_id=model.pk, by=self.mei)
        return model

    def sign(self, kind):
        for person in (self.alice, self.mei):
            wanted = signoffs.statement(self.engagement, kind)
            digest = signoffs.sha256_of(wanted)
            signoffs.sign(self.engagement, kind, sha256=digest, by=person)

    def move_on(self):
        services.advance(self.engagement, to=gates.look(self.engagement).to, by=self.mei)

    def up_to(self, until):
        """Walk up to (not through) a phase."""
        for phase in ORDER[: ORDER.index(until)]:
            getattr(self, phase.value)()
            self.move_on()
        return self

    def put(self, act, **what):
        serving.mark_live(act(self.endpoint, **what, by=self.mei).pk)


def test_each_phase_opens_its_gate_and_the_next_iteration_begins(engagement, alice, mei):
    walk = Walk(engagement, alice, mei)
    for phase in ORDER:
        getattr(walk, phase.value)()
        walk.move_on()
    assert (engagement.iteration, engagement.phase) == (2, ORDER[0])
    assert list(PhaseRecord.objects.order_by("created_at").values_list("phase", flat=True)) == [
        phase.value for phase in ORDER
    ]


def unmet(browse, person, engagement):
    """The unmet checks of the present gate, by their keys, with what they say."""
    api = f"/api/v1/tenants/acme/engagements/{engagement.pk}/gate"
    checks = browse(person).get(api).json()["checks"]
    return {one["check"]: one["words"] for one in checks if not one["met"]}


def test_the_next_iteration_is_proven_by_facts_of_its_own(engagement, alice, mei, browse):
    walk = Walk(engagement, alice, mei)
    for phase in ORDER[:-1]:
        getattr(walk, phase.value)()
        walk.move_on()
    walk.data_iteration()
    challenger = walk.judged([[970, 30], [30, 970]])
    walk.move_on()
    engagement.refresh_from_db()
    assert (engagement.iteration, engagement.phase) == (2, ORDER[0])
    words = "No model version was judged by the standing contract in this iteration."
    assert unmet(browse, alice, engagement) == {"engagements.verdict": words}
    contracts.judge(engagement, candidate_id=challenger.pk, by=mei)
    walk.move_on()
    engineer = {"decision": "approved", "reason": "It is right."}
    waiting = {"training.approved": f"{challenger} waits for a decision."}
    assert unmet(browse, alice, engagement) == waiting
    approvals.decide(challenger, **engineer, by=factories.staff("Ines", "ml_engineer"))
    assert unmet(browse, alice, engagement) == {}


def test_a_measurement_of_the_iteration_before_is_none_of_this_one(engagement, alice, mei, browse):
    walk = Walk(engagement, alice, mei)
    for phase in ORDER:
        getattr(walk, phase.value)()
        walk.move_on()
    engagement.refresh_from_db()
    assert set(unmet(browse, alice, engagement)) == {"engagements.verdict", "training.measured"}
    walk.judged([[970, 30], [30, 970]])
    assert unmet(browse, alice, engagement) == {}


def test_what_was_asked_before_its_phase_is_not_the_traffic_that_is_watched(
    engagement, alice, mei, browse
):
    walk = Walk(engagement, alice, mei)
    for phase in ORDER[: ORDER.index("deployment")]:
        getattr(walk, phase.value)()
        walk.move_on()
    walk.deployment()
    walk.monitoring()
    walk.move_on()
    assert unmet(browse, alice, engagement)["serving.watched"] == "0 of 20 predictions."
    walk.monitoring()
    assert unmet(browse, alice, engagement) == {}


def test_a_signature_taken_back_closes_the_go_live_by_name(engagement, alice, mei):
    walk = Walk(engagement, alice, mei)
    for phase in ORDER[: ORDER.index("go_live")]:
        getattr(walk, phase.value)()
        walk.move_on()
    walk.go_live()
    assert gates.look(engagement).is_open
    mine = signoffs.standing(engagement, Signoff.Kind.GO_LIVE)[0]
    signoffs.revoke(mine, reason="The night shift was not asked.", by=mine.created_by)
    with pytest.raises(Conflict) as refusal:
        services.advance(engagement, to="optimisation", by=mei)
    assert [one["check"] for one in refusal.value.members["unmet"]] == [
        "engagements.go_live_signed"
    ]
