"""A canary answers a share of the clients, and is taken back by itself when it does badly."""

import base64

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from serving import challengers, guards
from serving.beside import place_of
from serving.models import ChallengerFailure, Deployment, Prediction, ShadowAnswer
from tests.serving import models
from tests.serving.conftest import answer, settled
from tests.serving.test_shadow import beside, challenge, endpoint  # noqa: F401, used by name

WHITE = models.picture((250, 250, 250))


def state_of(challenger, acme):
    with tenant_scope(acme):
        challenger.refresh_from_db()
    return challenger.state


@pytest.mark.slow
def test_a_canary_answers_its_share_and_which_is_told_by_the_prediction_s_id(
    ask,
    deployed,
    version_of,
    acme,
    castings,
    beside,  # noqa: F811
):
    deployed(version_of(seed=1))
    beside(version_of(seed=1), "canary", 40)
    replies = [answer(ask(WHITE)) for _number in range(60)]
    for reply in replies:
        is_canary = place_of(castings.pk, reply["prediction_id"]) < 40
        assert reply["model_version"] == (2 if is_canary else 1)
    assert 8 <= sum(reply["model_version"] == 2 for reply in replies) <= 44
    for reference in ("part-1", "part-2", "part-3"):
        said = {answer(ask(WHITE, params={"reference": reference}))["model_version"]} | {
            answer(ask(WHITE, params={"reference": reference}))["model_version"]
        }
        assert said == {2 if place_of(castings.pk, reference) < 40 else 1}


@pytest.mark.slow
def test_who_names_the_champion_s_version_is_answered_by_it(
    inference,
    ask,
    deployed,
    version_of,
    castings,
    beside,  # noqa: F811
):
    deployed(version_of(seed=1))
    beside(version_of(seed=5), "canary", 100)
    assert answer(ask(WHITE))["model_version"] == 2
    path = "acme/castings/v2/models/castings/versions/1/infer"
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1]}
    tensor["data"] = [base64.b64encode(WHITE).decode()]
    assert answer(ask(json={"inputs": [tensor]}, path=path))["model_version"] == "1"


@pytest.mark.slow
def test_a_failing_canary_is_rolled_back_by_itself_and_no_client_notices(
    inference,
    ask,
    deployed,
    version_of,
    acme,
    beside,  # noqa: F811
):
    deployed(version_of(seed=1))
    canary = beside(version_of(data=models.failing_graph()), "canary", 100)
    for _number in range(12):
        assert answer(ask(WHITE))["model_version"] == 1
    inference.until(lambda: state_of(canary, acme) == "rolled_back")
    assert "5 of 5 requests failed" in canary.cause
    with tenant_scope(acme):
        entry = TimelineEntry.objects.get(kind="canary.rolled_back")
        assert entry.params["cause"] == canary.cause and entry.actor_label == "Lepton"
        assert AuditEntry.objects.filter(verb="canary.rolled_back").exists()
    inference.until(lambda: inference.figure("lepton_inference_beside") == 0)


@pytest.mark.slow
def test_a_canary_that_answers_otherwise_is_rolled_back(
    inference,
    ask,
    deployed,
    version_of,
    acme,
    castings,
    beside,  # noqa: F811
):
    deployed(version_of(seed=1))
    canary = beside(version_of(data=models.graph(1, turned=True)), "canary", 60, least_answers=10)
    said = [answer(ask(WHITE))["model_version"] for _number in range(60)]
    assert set(said) == {1, 2}
    inference.until(lambda: state_of(canary, acme) == "rolled_back")
    assert "inputs" in canary.cause
    with tenant_scope(acme):
        second = ShadowAnswer.objects.select_related("model_version", "prediction__model_version")
        assert {row.model_version.number for row in second} == {1}
        assert {row.prediction.model_version.number for row in second} == {2}
        assert not any(row.agrees for row in second)
    inference.until(lambda: inference.figure("lepton_inference_beside") == 0)
    assert {answer(ask(WHITE))["model_version"] for _number in range(10)} == {1}


@pytest.mark.slow
def test_a_canary_goes_on_step_by_step_until_it_is_the_champion(
    inference,
    ask,
    deployed,
    version_of,
    acme,
    alice,
    castings,
    beside,  # noqa: F811
):
    deployed(version_of(seed=1))
    two = version_of(seed=5)
    before = timezone.now()
    for percent in (5, 25, 50):
        canary = beside(two, "canary", percent)
        assert canary.state == "live"
    with tenant_scope(acme):
        assert not castings.challengers.answering_at(before)
        (standing,) = castings.challengers.answering_at(timezone.now())
        assert standing == canary
        promoted = challengers.promote(canary, by=alice)
    assert settled(inference, acme, promoted).state == "live"
    assert {answer(ask(WHITE))["model_version"] for _number in range(5)} == {2}
    with tenant_scope(acme):
        states = castings.challengers.order_by("number").values_list("state", flat=True)
        assert list(states) == ["stepped", "stepped", "promoted"]
        answered = Deployment.objects.which_version_answered
        assert answered(castings, timezone.now()) == two
        assert not castings.challengers.answering_at(timezone.now())


@pytest.fixture
def canary(endpoint, alice):  # noqa: F811
    two = models.model_version(endpoint.engagement, by=alice, seed=2)
    canary = challenge(endpoint, two, alice, "canary", 25, least_answers=20)
    challengers.mark_live(canary.pk)
    canary.refresh_from_db()
    return canary


def answers(endpoint, version, n, latency_ms=10.0):  # noqa: F811
    rows = [
        Prediction(
            endpoint=endpoint,
            model_version=version,
            label="ok",
            score=0.9,
            scores=[0.9, 0.1],
            latency_ms=latency_ms,
            input_sha256="0" * 64,
        )
        for _number in range(n)
    ]
    return Prediction.objects.bulk_create(rows)


def second_answers(canary, predictions, agreeing):
    champion = canary.endpoint.champion.model_version
    for number, prediction in enumerate(predictions):
        ShadowAnswer.objects.create(
            prediction=prediction,
            challenger=canary,
            model_version=champion,
            label="ok" if number < agreeing else "scratch",
            score=0.9,
            scores=[0.9, 0.1],
            agrees=number < agreeing,
            latency_ms=3,
        )


def readings(canary):
    return {one.key: one.trips for one in guards.read(canary)}


def test_guards_say_nothing_of_a_few_answers(canary):
    answers(canary.endpoint, canary.model_version, 19)
    ChallengerFailure.objects.create(challenger=canary, cause="x")
    seen = {"failing": False, "latency": None, "agreement": None}
    assert readings(canary) == seen
    assert not guards.watch(canary)


def test_the_failing_guard_trips_when_chance_cannot_explain_it(canary):
    answers(canary.endpoint, canary.model_version, 47)
    for _number in range(3):  # 3 of 50: from 2.1 % on, by Wilson's interval
        ChallengerFailure.objects.create(challenger=canary, cause="x")
    assert readings(canary)["failing"] is True
    answers(canary.endpoint, canary.model_version, 150)  # 3 of 200: from 0.5 % on
    assert readings(canary)["failing"] is False


def test_the_latency_guard_compares_medians_and_forgives_noise(canary):
    champion = canary.endpoint.champion.model_version
    answers(canary.endpoint, champion, 20, 2.0)
    answers(canary.endpoint, canary.model_version, 20, 6.0)
    assert readings(canary)["latency"] is False  # three times as long, but of 4 ms
    answers(canary.endpoint, canary.model_version, 30, 9.0)
    assert readings(canary)["latency"] is True


def test_the_agreement_guard_needs_the_whole_interval_below_the_limit(canary):
    given = answers(canary.endpoint, canary.model_version, 40)
    second_answers(canary, given[:20], 14)  # 70 %, up to 85 %
    assert readings(canary)["agreement"] is False
    second_answers(canary, given[20:], 10)  # 24 of 40: up to 74 %
    assert readings(canary)["agreement"] is True
    assert guards.watch(canary)
    canary.refresh_from_db()
    assert canary.state == "rolled_back" and "24 of 40" in canary.cause
    assert not guards.watch(canary)  # once
