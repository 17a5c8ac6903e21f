"""Iterations: what each came to, from rows."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import iterations, services
from engagements.models import ActionItem, Engagement, Iteration, PhaseRecord
from engagements.phases import ORDER
from feedback.models import Feedback
from serving.models import Deployment, Endpoint, Prediction
from tests import factories
from tests.engagements.candidates import dataset_version, measured

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def engagement(acme, alice):
    """In its second iteration since ten days; the first took thirty."""
    made = factories.engagement(acme, alice)
    with tenant_scope(acme):
        Engagement.objects.update(created_at=ago(40), iteration=2)
        Iteration.objects.update(started_at=ago(40), ended_at=ago(10))
        Iteration.objects.create(engagement=made, number=2, started_at=ago(10))
        made.refresh_from_db()
    return made


def test_overdue_stretches_are_united_not_added():
    def at(hour):
        return datetime(2026, 1, 1, hour, tzinfo=timezone.get_default_timezone())

    stretches = [(at(8), at(12)), (at(1), at(3)), (at(10), at(11)), (at(11), at(14))]
    assert iterations.united_seconds(stretches) == 8 * 3600
    assert iterations.united_seconds([(at(5), at(4))]) == 0


def test_days_lost_are_those_in_which_an_item_of_that_side_was_overdue(engagement, alice, in_acme):
    placed = {"engagement": engagement, "iteration": 2, "phase": "poc", **author(alice)}

    def item(side, due, done):
        due = timezone.localdate(ago(due))
        ActionItem.objects.create(
            title="x", side=side, due_on=due, done_at=done and ago(done), **placed
        )

    item("customer", 6, 4)
    item("customer", 6, 3)
    item("customer", 20, 9)  # it reaches over from the first iteration
    item("vendor", 1, None)
    first, second = iterations.measure(engagement, NOW)
    midnight = timezone.localtime(ago(5)).replace(hour=0)
    expected = (ago(3) - midnight).total_seconds() + 86_400
    assert second["lost_seconds_customer"] == pytest.approx(expected)
    midnight = timezone.localtime(NOW).replace(hour=0)
    assert second["lost_seconds_vendor"] == pytest.approx((NOW - midnight).total_seconds())
    assert first["lost_seconds_customer"] == pytest.approx(
        (ago(10) - timezone.localtime(ago(19)).replace(hour=0)).total_seconds()
    )
    assert first["lost_seconds_vendor"] == 0


def _feedback_phase(engagement, alice):
    gate = {"engagement": engagement, "iteration": 1, "checks": [], "sha256": "0" * 64}
    gate |= author(alice) | {"entered_at": ago(30)}
    for phase, to, at in (
        ("optimisation", "feedback", ago(20)),
        ("feedback", "data_iteration", ago(12)),
    ):
        PhaseRecord.objects.create(phase=phase, to=to, **gate | {"created_at": at})


def _live(engagement, alice, model, at, number):
    endpoint, _made = Endpoint.objects.get_or_create(
        engagement=engagement, slug="line", defaults=author(alice)
    )
    place = {"endpoint": endpoint, "state": "live", "live_at": at, "number": number}
    Deployment.objects.create(model_version=model, **place, **author(alice))
    return endpoint


def _answer(endpoint, model, alice, at):
    prediction = Prediction.objects.create(
        endpoint=endpoint,
        model_version=model,
        label="ok",
        score=0.9,
        scores=[0.9, 0.1],
        latency_ms=3,
        input_sha256="0" * 64,
    )
    said = author(alice) | {"created_at": at}
    Feedback.objects.create(prediction=prediction, verdict="confirm", **said)


def test_lead_time_and_accuracy_are_read_from_rows(engagement, alice, in_acme):
    version = dataset_version(engagement, alice)
    old = measured(version, alice, [[80, 20], [20, 80]], at=ago(25))
    new = measured(version, alice, [[90, 10], [10, 90]], at=ago(5))
    _feedback_phase(engagement, alice)
    endpoint = _live(engagement, alice, old, ago(24), 1)
    _live(engagement, alice, new, ago(4), 2)
    first, second = iterations.measure(engagement, NOW)
    assert second["lead_seconds"] == 16 * 86_400  # from when the phase began
    _answer(endpoint, old, alice, ago(22))  # before the phase: it counts not
    _answer(endpoint, old, alice, ago(15))
    first, second = iterations.measure(engagement, NOW)
    assert second["lead_seconds"] == 11 * 86_400
    assert (first["lead_seconds"], first["accuracy_gained"]) == (None, None)
    assert second["accuracy_before"] == first["accuracy"] == {"value": 0.8, "n": 200}
    assert second["accuracy_gained"] == pytest.approx(0.1)


def test_facts_are_kept_in_the_rows(engagement, in_acme):
    iterations.refresh_facts(engagement)
    kept = engagement.iterations.get(number=2).facts
    assert kept["lost_seconds_vendor"] == 0 and kept["lead_seconds"] is None
    assert set(kept) >= {"accuracy_gained", "compute_seconds", "cost_cents"}


def test_when_a_round_ends_it_is_kept_what_it_came_to(acme, alice, mei, in_acme):
    engagement = factories.engagement(acme, alice)
    for phase in [*ORDER[1:], ORDER[0]]:
        factories.waive_gate(engagement, asking=alice, granting=mei)
        engagement = services.advance(engagement, to=phase, by=alice)
    ended = engagement.iterations.get(number=1)
    assert ended.ended_at and ended.facts["lost_seconds_customer"] == 0
    assert [one["number"] for one in iterations.measure(engagement)] == [1, 2]


def test_the_customer_sees_iterations_without_cost(browse, bob, mei, carol, engagement):
    page = reverse("engagements:iterations", args=["acme", engagement.pk])
    address = f"/api/v1/tenants/acme/engagements/{engagement.pk}/iterations"
    theirs, ours = (browse(one).get(address).json()["results"] for one in (bob, mei))
    assert [one["number"] for one in theirs] == [2, 1]
    assert "cost_cents" not in theirs[0]["facts"] and "cost_cents" in ours[0]["facts"]
    assert "lost_seconds_vendor" in theirs[0]["facts"]
    assert 'data-label="Cost"' not in browse(bob).get(page).content.decode()
    assert 'data-label="Cost"' in browse(mei).get(page).content.decode()
    assert browse(carol).get(page).status_code == browse(carol).get(address).status_code == 404
