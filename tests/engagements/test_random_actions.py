"""Whatever people of all roles do, and in which order: no state that the rules forbid."""

from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from accounts import chain
from accounts.scoping import tenant_scope
from engagements import gates
from engagements.models import Engagement, PhaseRecord, Signoff, Waiver
from engagements.phases import ORDER
from tests import factories
from tests.engagements.candidates import HOLDOUT, dataset_version, measured

pytestmark = pytest.mark.django_db

PEOPLE = ("alice", "bob", "carol", "mei", "eve")
FIGURES = {"good": [[900, 100], [100, 900]], "bad": [[60, 40], [40, 60]], "few": [[9, 1], [1, 9]]}
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(
            ["advance", "agree to waive", "agree to waive", "prove"] * 3
            + ["waive all", "grant all", "freeze", "sign", "take back", "judge", "write"]
            + ["measure", "skip a phase", "plan", "finish"]
        ),
        st.sampled_from(sorted(FIGURES)),
    ),
    min_size=8,
    max_size=30,
)


class Desk:
    """One engagement, and everybody who may or may not act on it, each through the API."""

    def __init__(self, tenant, engagement, clients, deciders):
        self.tenant, self.engagement, self.clients = tenant, engagement, clients
        self.deciders = deciders
        self.base = f"/api/v1/tenants/{tenant.slug}/engagements/{engagement.pk}"
        self.answers = []

    def act(self, person, action, figures):
        self.person, self.figures = person, figures
        getattr(self, action.replace(" ", "_"))()

    def get(self, path):
        answer = self.clients["mei"].get(f"{self.base}{path}")
        return answer.json()

    def post(self, path, **body):
        client = self.clients[self.person]
        answer = client.post(f"{self.base}/{path}", body, content_type="application/json")
        what = "done" if path.endswith("/done") else path.split("/")[0]
        self.answers.append((self.person, what, answer.status_code))
        return answer

    def advance(self):
        self.post("advance", to=self.get("/gate")["to"])

    def skip_a_phase(self):
        there = ORDER.index(self.get("")["phase"])
        self.post("advance", to=ORDER[(there + 2) % len(ORDER)])

    def waive_all(self):
        for check in self.get("/gate")["checks"]:
            self.post("waivers", check=check["check"], reason="Agreed by phone.")

    def grant_all(self):
        for waiver in self.get("/waivers")["results"]:
            self.post(f"waivers/{waiver['id']}/grant")

    def agree_to_waive(self):
        """Whoever it is asks, Alice grants, and it moves on as far as that goes."""
        self.waive_all()
        self.person = "alice"
        self.grant_all()
        self.advance()

    def prove(self):
        """The contract is frozen, signed by whom it names, and a good model judged by it."""
        self.figures, self.person = "good", "mei"
        self.measure()
        for act in (self.freeze, self.sign, self.judge):
            act()
        self.person = "alice"
        self.sign()

    def freeze(self):
        terms = {"accuracy_target": "0.85", "holdout_sha256": HOLDOUT}
        self.post("contracts", **terms, deciders=[str(one.pk) for one in self.deciders])

    def sign(self):
        for one in self.get("/statements"):
            self.post("signoffs", kind=one["kind"], sha256=one["sha256"] or "0" * 64)

    def take_back(self):
        for one in self.get("/signoffs")["results"]:
            self.post(f"signoffs/{one['id']}/revoke", reason="The wrong line.")

    def judge(self):
        with tenant_scope(self.tenant):
            newest = self.engagement.model_versions.order_by("-number").first()
        self.post("verdicts", model_version=str(newest.pk))

    def write(self):
        self.post("requirements", need="More.", classes=["ok", "scratch"], target="0.9")

    def plan(self):
        """A required item of the present phase."""
        side = "customer" if self.person in ("alice", "bob") else "vendor"
        self.post("action-items", title="See to it", side=side)

    def finish(self):
        for one in self.get("/action-items")["results"]:
            if not one["done_at"]:
                self.post(f"action-items/{one['id']}/done")

    def measure(self):
        """Not a person's action: a run has ended."""
        with tenant_scope(self.tenant):
            version = self.engagement.datasets.get().versions.get()
            measured(version, self.deciders[0], FIGURES[self.figures])


@pytest.fixture
def desk(acme, alice, bob, carol, mei, browse):
    eve = factories.staff("Eve", "ml_engineer")
    people = {"alice": alice, "bob": bob, "carol": carol, "mei": mei, "eve": eve}
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme):
        measured(dataset_version(engagement, alice), alice, FIGURES["good"])
    clients = {name: browse(person) for name, person in people.items()}
    return Desk(acme, engagement, clients, [alice, mei])


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=ACTIONS)
def test_no_order_of_actions_leads_to_a_forbidden_state(desk, actions):
    desk.answers.clear()
    with transaction.atomic():
        for action in actions:
            desk.act(*action)
            _nobody_did_what_they_may_not(desk.answers)
            with tenant_scope(desk.tenant):
                _the_rules_hold(Engagement.objects.get())
        with tenant_scope(desk.tenant):
            assert list(chain.faults()) == []
            event(f"{PhaseRecord.objects.count()} phases left")
        transaction.set_rollback(True)


def _nobody_did_what_they_may_not(answers):
    for person, path, status in answers:
        assert status < 500, (person, path, status)
        if person == "carol":
            assert status == 404, path
        if person == "bob" or (person == "eve" and path not in ("verdicts", "done")):
            assert status == 403, path


def _the_rules_hold(engagement):
    records = list(PhaseRecord.objects.order_by("created_at"))
    _phases_were_left_one_after_the_other(engagement, records)
    for record in records:
        assert record.is_intact
        for check in record.checks:
            waiver = check.get("waiver")
            assert check["met"] or waiver, f"{record} was left with {check['key']} unmet"
            assert not waiver or waiver["asked_by"] != waiver["granted_by"]
    for waiver in Waiver.objects.exclude(granted_by=None):
        assert waiver.granted_by_id != waiver.created_by_id
    _signatures_are_of_those_who_were_named(engagement)
    versions = engagement.requirements.order_by("version").values_list("version", flat=True)
    assert list(versions) == list(range(1, len(versions) + 1))
    assert gates.look(engagement).phase == engagement.phase


def _phases_were_left_one_after_the_other(engagement, records):
    walked = [(iteration, phase) for iteration in range(1, 9) for phase in engagement.phases]
    assert [(r.iteration, r.phase) for r in records] == walked[: len(records)]
    assert (engagement.iteration, engagement.phase) == walked[len(records)]
    for record, (_iteration, following) in zip(records, walked[1:], strict=False):
        assert record.to == following


def _signatures_are_of_those_who_were_named(engagement):
    contracts = {one.sha256: one for one in engagement.contracts.all()}
    standing = Signoff.objects.standing().filter(kind="contract")
    assert max(Counter((s.created_by_id, s.sha256) for s in standing).values(), default=1) == 1
    for signature in standing:
        deciders = contracts[signature.sha256].deciders.values_list("user_id", flat=True)
        assert signature.created_by_id in deciders
