"""Alerts start data iterations where the policy lets things start by themselves."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.scoping import tenant_scope
from feedback.alerts import firing
from feedback.alerts import services as alerts
from feedback.iteration import alarms, policies, work
from feedback.models import Alert, DriftFinding, DriftLook, IterationPolicy
from tests.feedback import plant as plants
from tests.feedback.test_iteration import correct, set_policy
from training.runs import services as runs

pytestmark = pytest.mark.django_db(transaction=True)  # what is due is compared with SQL's now()


@pytest.fixture(autouse=True)
def _weights_lie_there(monkeypatch):
    monkeypatch.setattr(runs, "check_backbone", lambda method, name: None)


@pytest.fixture
def plant(acme, alice):
    found = plants.build(acme, alice)
    with tenant_scope(acme):
        policies.policy_of(found.engagement)
    set_policy(found, mode="automatic", least_corrections=50)
    correct(found, plants.predict(found), "scratch")
    return found


def fire(plant, metric="drift_inputs", test="drifted", **facts):
    """An alert of this metric begins to fire."""
    with tenant_scope(plant.tenant):
        rule = alerts.create_rule(plant.endpoint, metric=metric, test=test, by=plant.by, **facts)
        now = timezone.now()
        alert = Alert.objects.create(rule=rule, state="firing", fired_at=now, words="It has.")
        firing.tell(alert)
    return alert


def test_an_alert_of_drift_starts_one_though_corrections_are_few(plant):
    work.work_off()
    assert plants.iteration(plant) is None
    fire(plant)
    work.work_off()
    row = plants.iteration(plant)
    assert row.trigger == "drift" and "Drift of inputs" in row.trigger_words


def test_so_does_one_of_accuracy_and_none_of_latency(plant):
    fire(plant, "latency_p95", "above", threshold=500, window_minutes=60, minimum_n=20)
    work.work_off()
    assert plants.iteration(plant) is None
    fire(plant, "estimated_accuracy", "below", threshold=0.8, window_minutes=1440, minimum_n=20)
    work.work_off()
    assert plants.iteration(plant).trigger == "accuracy"


def test_by_hand_nothing_starts_by_itself(plant):
    set_policy(plant, mode="manual")
    fire(plant)
    work.work_off()
    assert plants.iteration(plant) is None


def test_an_alert_that_an_iteration_followed_starts_no_second_one(plant):
    alert = fire(plant)
    work.work_off()
    first = plants.iteration(plant)
    with tenant_scope(plant.tenant):
        policy = IterationPolicy.objects.get()
        assert alarms.drift(plant.engagement, policy, first.created_at) is None
        Alert.objects.filter(pk=alert.pk).update(fired_at=timezone.now() + timedelta(seconds=1))
        assert alarms.drift(plant.engagement, policy, first.created_at)


def test_what_drifted_most_comes_into_the_review_queue(plant):
    near, far = plants.predict(plant, seed=901), plants.predict(plant, seed=902)
    with tenant_scope(plant.tenant):
        look = DriftLook.objects.create(
            endpoint=plant.endpoint, state="done", created_by_label="Lepton"
        )
        DriftFinding.objects.create(
            look=look,
            kind="inputs",
            n_reference=40,
            n_recent=40,
            distance=0.4,
            p_value=0.001,
            looks=1,
            has_drifted=True,
            detail={"most": [str(far.pk)]},
        )
        assert alarms.drifted(plant.engagement, [near, far]).tolist() == [0.0, 1.0]
