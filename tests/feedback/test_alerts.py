"""Alerts: from rows alone to pending, firing, acknowledged, resolved; each told once."""

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Membership
from accounts.scoping import tenant_scope
from engagements import asks, gates, health, standing
from engagements.models import Event, TimelineEntry, Webhook
from engagements.phases import Phase
from feedback import services as feedback
from feedback.alerts import defaults, evaluation, firing, measures, services
from feedback.models import Alert, AlertRule, DriftFinding, DriftReference
from serving import services as serving
from serving.models import Deployment, Endpoint, RefusedTally
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme"


@pytest.fixture
def rule(place, mei):
    """More than 10 % failed within an hour, from 20 requests on, owned by Mei."""
    with tenant_scope(place.tenant):
        Alert.objects.all().delete()
        AlertRule.objects.update(is_active=False)
        Deployment.objects.update(live_at=timezone.now() - timedelta(days=300))
        facts = {"threshold": 0.1, "window_minutes": 60, "minimum_n": 20, "owner": mei}
        return services.create_rule(
            place.endpoint, metric="failed", test="above", severity="critical", by=mei, **facts
        )


@pytest.fixture
def evaluate(place):
    def look():
        with tenant_scope(place.tenant):
            endpoint = Endpoint.objects.select_related("engagement__tenant").get(
                pk=place.endpoint.pk
            )
            evaluation.evaluate(endpoint)
            return Alert.objects.newest_first().first()

    return look


def _fail(place, n):
    since = timezone.now() - timedelta(minutes=1)
    with tenant_scope(place.tenant):
        RefusedTally.objects.create(endpoint=place.endpoint, since=since, status=503, n=n)


def _recover(place):
    with tenant_scope(place.tenant):
        RefusedTally.objects.filter(status=503).delete()


def test_an_alert_goes_its_way_and_each_step_is_told_once(
    place, rule, evaluate, predict, browse, alice, mei, django_capture_on_commit_callbacks
):
    with tenant_scope(place.tenant):
        Webhook.objects.update(events=["alert.fired", "alert.resolved"])
    for _number in range(30):
        predict()
    assert evaluate() is None
    _fail(place, 15)
    with django_capture_on_commit_callbacks(execute=True):
        alert = evaluate()
        evaluate()
    assert alert.state == "firing" and alert.fired_at and "32.6%" in alert.words
    assert [m.to for m in mail.outbox] == [["mei@vendor.example"]]
    assert "32.6%" in mail.outbox[0].body
    answer = browse(alice).post(_url(place, alert, "acknowledge"))
    assert answer.json()["state"] == "acknowledged"
    assert answer.json()["acknowledged_by"] == "Alice"
    assert browse(alice).post(_url(place, alert, "acknowledge")).status_code == 409
    _recover(place)
    with django_capture_on_commit_callbacks(execute=True):
        assert evaluate().state == "resolved"
    assert len(mail.outbox) == 2 and "is over" in mail.outbox[1].body
    with tenant_scope(place.tenant):
        kinds = ["alert.fired", "alert.acknowledged", "alert.resolved"]
        told = TimelineEntry.objects.filter(kind__in=kinds).order_by("at")
        assert [one.kind for one in told] == kinds
        assert AuditEntry.objects.filter(verb__in=kinds).count() == 3
        events = Event.objects.filter(kind__startswith="alert.")
        assert {one.kind for one in events} == {"alert.fired", "alert.resolved"}


def test_few_rows_and_uncertain_shares_raise_nothing(place, rule, evaluate, predict):
    _fail(place, 10)
    assert evaluate() is None  # 10 of 20 needed
    for _number in range(60):
        predict()
    assert evaluate() is None  # 14 %, but its interval reaches below 10 %


def test_an_alert_waits_while_its_rule_must_hold(place, rule, evaluate, mei):
    with tenant_scope(place.tenant):
        services.change_rule(rule, hold_minutes=5, by=mei)
    _fail(place, 40)
    alert = evaluate()
    assert alert.state == "pending" and not mail.outbox
    with tenant_scope(place.tenant):
        Alert.objects.update(pending_at=timezone.now() - timedelta(minutes=6))
    assert evaluate().state == "firing"


def test_a_pending_alert_that_passes_leaves_no_trace(place, rule, evaluate, predict, mei):
    with tenant_scope(place.tenant):
        services.change_rule(rule, hold_minutes=5, by=mei)
    _fail(place, 40)
    evaluate()
    _recover(place)
    for _number in range(20):
        predict()
    assert evaluate() is None


def test_a_silenced_rule_fires_when_the_silence_is_over(place, rule, evaluate, browse, alice):
    url = f"{API}/engagements/{place.engagement.pk}/alert-rules/{rule.pk}/silence"
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    browse(alice).post(url, {"until": until}, content_type="application/json")
    _fail(place, 40)
    assert evaluate().state == "pending"
    browse(alice).post(url, {"until": None}, content_type="application/json")
    assert evaluate().state == "firing"
    past = (timezone.now() - timedelta(hours=1)).isoformat()
    refused = browse(alice).post(url, {"until": past}, content_type="application/json")
    assert refused.status_code == 400 and "until" in refused.json()["fields"]


def test_a_firing_alert_lowers_health_and_is_asked_of_its_owner(place, rule, evaluate, mei):
    with tenant_scope(place.tenant):
        evaluate()
        before = _health(place)
        assert before["score"] == 1
        _fail(place, 40)
        evaluate()
        after = _health(place)
        assert after["score"] == 0 and "Share of failed requests" in after["words"]
        standing.refresh(place.engagement.pk)
        asked = asks.asks_for(mei).get(kind="alert.see")
        assert asked.user == mei and "Share of failed requests" in asks.sentence(asked)


def test_other_code_acts_when_an_alert_fires_and_its_trouble_stays_its_own(
    place, rule, evaluate, monkeypatch, caplog
):
    seen = []

    def fail(alert):
        raise RuntimeError("no")

    monkeypatch.setattr(firing, "_listeners", [])
    firing.on_firing(fail)
    firing.on_firing(lambda alert: seen.append(alert.rule.metric))
    _fail(place, 40)
    assert evaluate().state == "firing"
    assert seen == ["failed"] and "failed on alert" in caplog.text


def test_realised_accuracy_fires_only_when_it_is_surely_below(
    place, rule, evaluate, predict, alice, mei
):
    with tenant_scope(place.tenant):
        services.create_rule(place.endpoint, metric="accuracy", test="below", threshold=0.8, by=mei)
    for number in range(30):
        row = predict()
        with tenant_scope(place.tenant):
            told = {"verdict": "confirm"}
            if number % 2:
                told = {"verdict": "correct", "label": "scratch"}
            feedback.give(row, **told, by=alice)
        if number == 20:
            assert evaluate() is None or evaluate().rule.metric == "accuracy"
    alert = evaluate()
    assert alert.rule.metric == "accuracy" and alert.evidence["high"] < 0.8


def test_an_alert_about_a_model_ends_when_another_one_answers(place, rule, evaluate, mei):
    with tenant_scope(place.tenant):
        drift = services.create_rule(
            place.endpoint, metric="drift_inputs", test="drifted", minimum_n=30, by=mei
        )
        reference = DriftReference.objects.get()
        _found(place, reference, has_drifted=True)
    assert evaluate().rule == drift
    with tenant_scope(place.tenant):
        Alert.objects.update(evidence={"version": 7})
        place.endpoint.looks.update(model_version=None)
    assert evaluate().state == "resolved"


def test_drift_fires_and_resolves_with_the_newest_look(place, rule, evaluate, mei):
    with tenant_scope(place.tenant):
        services.create_rule(
            place.endpoint, metric="drift_inputs", test="drifted", minimum_n=30, by=mei
        )
        reference = DriftReference.objects.get()
        _found(place, reference, has_drifted=True)
    assert evaluate().state == "firing"
    with tenant_scope(place.tenant):
        _found(place, reference, has_drifted=False)
    assert evaluate().state == "resolved"


def test_a_fall_of_volume_is_seen_against_the_period_before(place, rule, evaluate, predict, mei):
    with tenant_scope(place.tenant):
        services.create_rule(
            place.endpoint,
            metric="volume",
            test="fall",
            threshold=0.5,
            window_minutes=60,
            minimum_n=20,
            by=mei,
        )
    for _number in range(30):
        predict(at=timezone.now() - timedelta(minutes=90))
    alert = evaluate()
    assert alert.rule.metric == "volume" and "before: 30" in alert.words


def test_the_interval_of_a_difference_is_newcombes():
    """56 of 70 against 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, table II, method 10)."""
    now, before = measures._share(56, 70), measures._share(48, 80)
    assert measures.difference_interval(now, before) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_first_deployment_brings_rules_with_the_promised_numbers(place, mei):
    with tenant_scope(place.tenant):
        Alert.objects.all().delete()
        AlertRule.objects.all().delete()
        Deployment.objects.update(state="failed")
        serving.deploy(place.endpoint, model_version=place.model, by=mei)
        rules = {one.metric: one for one in AlertRule.objects.all()}
        assert set(rules) == set(AlertRule.Metric) - {AlertRule.Metric.REFUSED}
        assert rules["accuracy"].threshold == float(place.engagement.requirement.target)
        defaults.ensure(place.endpoint)
        assert AlertRule.objects.count() == len(rules)


def test_the_gate_of_monitoring_asks_for_rules_that_are_looked_at(place, rule, evaluate):
    with tenant_scope(place.tenant):
        for phase in (Phase.MONITORING, Phase.GO_LIVE):
            assert "feedback.alerted" in [one.key for one in gates.checks_of(phase)]
        (check,) = [c for c in gates.checks_of(Phase.MONITORING) if c.key == "feedback.alerted"]
        assert not check.find(place.engagement).met
        evaluate()
        assert check.find(place.engagement).met
        AlertRule.objects.update(is_active=False)
        assert "no active alert rule" in check.find(place.engagement).words


@pytest.mark.parametrize(
    "said, field",
    [
        ({"metric": "accuracy", "test": "below", "threshold": 80}, "threshold"),
        ({"metric": "accuracy", "test": "drifted"}, "test"),
        ({"metric": "drift_inputs", "test": "above"}, "test"),
        ({"metric": "moon", "test": "above"}, "metric"),
        ({"metric": "failed", "test": "above", "windows": 5}, "windows"),
        ({"metric": "latency_p95", "test": "above", "threshold": 0}, "threshold"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_field(place, browse, alice, said, field):
    url = f"{API}/engagements/{place.engagement.pk}/alert-rules"
    answer = browse(alice).post(url, said, content_type="application/json")
    assert answer.status_code == 400 and field in answer.json()["fields"]


@pytest.mark.parametrize(
    "said",
    [
        {"metric": "failed", "test": "above", "threshold": 0.1},
        {"metric": "drift_inputs", "test": "drifted"},
    ],
)
def test_a_stranger_owns_no_rule(place, browse, alice, carol, said):
    client, url = browse(alice), f"{API}/engagements/{place.engagement.pk}/alert-rules"
    refused = client.post(url, said | {"owner": str(carol.pk)}, content_type="application/json")
    assert refused.status_code == 400 and "owner" in refused.json()["fields"]
    made = client.post(url, said, content_type="application/json").json()
    given = {"owner": str(carol.pk)}
    refused = client.patch(f"{url}/{made['id']}", given, content_type="application/json")
    assert refused.status_code == 400 and "owner" in refused.json()["fields"]


def test_a_member_who_left_is_mailed_no_alert(
    place, rule, evaluate, acme, mei, django_capture_on_commit_callbacks
):
    erin = factories.member(acme, "Erin", "editor")
    with tenant_scope(place.tenant):
        services.change_rule(rule, owner=erin, by=mei)
        Membership.objects.filter(user=erin).delete()
    _fail(place, 40)
    with django_capture_on_commit_callbacks(execute=True):
        assert evaluate().state == "firing"
    assert not mail.outbox


def test_rules_are_made_changed_and_turned_off_on_the_page(place, browse, alice, mei):
    client, url = browse(alice), reverse("feedback:alerts", args=["acme", place.engagement.pk])
    said = {"metric": "doubtful", "test": "rise", "threshold": "0.2", "window_minutes": "1440"}
    said |= {"minimum_n": "50", "hold_minutes": "0", "severity": "info", "owner": str(mei.pk)}
    assert client.post(f"{url}rules/", said).status_code == 302
    page = client.get(url).text
    assert "rose against the period before by 20.0 points within 1 day" in page
    with tenant_scope(place.tenant):
        rule = AlertRule.objects.get(metric="doubtful")
    changed = said | {"threshold": "7"}
    assert client.post(f"{url}rules/{rule.pk}/", changed).status_code == 422
    assert client.post(f"{url}rules/{rule.pk}/", said).status_code == 302  # not active: turned off
    assert "Stopped" in client.get(url).text


def test_a_viewer_changes_nothing_and_a_stranger_finds_nothing(place, browse, bob, carol):
    url = f"{API}/engagements/{place.engagement.pk}/alert-rules/{place.rule.pk}"
    assert browse(bob).get(url).status_code == 200
    assert browse(bob).patch(url, {}, content_type="application/json").status_code == 403
    assert browse(carol).get(url).status_code == 404
    assert browse(carol).get(url.replace("acme", "globex")).status_code == 404


def test_a_rule_is_found_only_in_its_own_engagement(acme, place, browse, alice):
    other = factories.engagement(acme, alice, name="Another")
    url = f"{API}/engagements/{other.pk}/alert-rules/{place.rule.pk}"
    assert browse(alice).get(url).status_code == 404


def _health(place):
    return next(one for one in health.look(place.engagement) if one["key"] == "feedback.alerts")


def _found(place, reference, *, has_drifted):
    look = place.endpoint.looks.create(
        state="done",
        model_version=place.model,
        reference=reference,
        answers_until=timezone.now(),
        created_by_label="Lepton",
    )
    figures = {"n_reference": 60, "n_recent": 40, "distance": 1, "p_value": 0.0001, "looks": 1}
    DriftFinding.objects.create(look=look, kind="inputs", has_drifted=has_drifted, **figures)


def _url(place, alert, verb):
    return f"{API}/engagements/{place.engagement.pk}/alerts/{alert.pk}/{verb}"
