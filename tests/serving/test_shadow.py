"""A shadow answers beside the champion: compared, kept, and never felt by a client."""

import hashlib
import time

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from serving import challengers, comparing, services
from serving.models import Challenger, ChallengerFailure, Prediction, ShadowAnswer
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer, settled

COLOURS = [(200, 40, 90), (20, 40, 190), (90, 200, 20), (250, 250, 240), (5, 9, 2), (120, 0, 120)]


@pytest.fixture
def beside(inference, acme, alice, castings):
    """Let a version run beside the champion and wait: `beside(version, "shadow", 100)`."""

    def challenge(version, variant="shadow", percent=100, **guards):
        with tenant_scope(acme):
            made = challengers.challenge(
                castings,
                model_version=version,
                variant=variant,
                share_percent=percent,
                by=alice,
                **guards,
            )
        return settled(inference, acme, made)

    return challenge


def compared(inference, acme, n):
    """Wait until so many comparisons are kept."""

    def is_kept():
        with tenant_scope(acme):
            return ShadowAnswer.objects.count() >= n

    inference.until(is_kept)


@pytest.mark.slow
def test_a_shadow_s_answers_are_compared_and_kept_and_clients_get_the_champion_s(
    inference, ask, deployed, version_of, acme, beside
):
    deployed(version_of(seed=1))
    shadow = beside(version_of(seed=5))
    assert shadow.state == "live" and shadow.live_at
    replies = [answer(ask(models.picture(colour))) for colour in COLOURS]
    assert {reply["model_version"] for reply in replies} == {1}
    compared(inference, acme, len(COLOURS))
    with tenant_scope(acme):
        rows = ShadowAnswer.objects.select_related("prediction", "model_version")
        assert rows.count() == Prediction.objects.count() == len(COLOURS)
        for row in rows:
            assert row.model_version.number == 2
            assert row.agrees is (row.label == row.prediction.label)
            assert row.label == models.CLASSES[row.scores.index(max(row.scores))]
            assert row.score == max(row.scores) and row.latency_ms > 0
        said = comparing.agreement(shadow)
        assert (said.n, said.agreeing) == (len(COLOURS), rows.filter(agrees=True).count())
        assert said.share is None and said.still_needed == 14
        assert len(ShadowAnswer.objects.disagreements()) == said.n - said.agreeing


@pytest.mark.slow
def test_a_shadow_sees_its_share_and_none_after_it_was_stopped(
    inference, ask, deployed, version_of, acme, alice, beside
):
    deployed(version_of(seed=1))
    shadow = beside(version_of(seed=1), percent=50)
    for _number in range(40):
        answer(ask(models.picture()))
    time.sleep(1)
    with tenant_scope(acme):
        n = ShadowAnswer.objects.count()
        assert ShadowAnswer.objects.disagreements().count() == 0  # the same graph
        challengers.stop(shadow, by=alice)
    assert 5 <= n <= 35
    inference.until(lambda: inference.figure("lepton_inference_beside") == 0)
    answer(ask(models.picture()))
    time.sleep(0.5)
    with tenant_scope(acme):
        assert ShadowAnswer.objects.count() == n


@pytest.mark.slow
def test_a_shadow_that_does_not_load_or_fails_is_not_felt(
    inference, ask, deployed, version_of, acme, beside
):
    deployed(version_of(seed=1))
    refused = beside(version_of(seed=902, stored=b"something else"))
    assert refused.state == "failed" and "hash" in refused.cause and refused.ended_at
    with tenant_scope(acme):
        assert "hash" in TimelineEntry.objects.get(kind="challenger.failed").params["cause"]
    beside(version_of(data=models.failing_graph()))
    for _number in range(8):
        assert answer(ask(models.picture((250, 250, 250))))["model_version"] == 1

    def is_noted():
        with tenant_scope(acme):
            return ChallengerFailure.objects.count() >= 5

    inference.until(is_noted)
    with tenant_scope(acme):
        assert ShadowAnswer.objects.count() == 0
        assert ChallengerFailure.objects.count() == 5  # then it is left alone for a while


@pytest.fixture
def endpoint(db, acme, alice, in_acme):
    """An endpoint whose version 1 is live."""
    endpoint = services.create_endpoint(
        factories.engagement(acme, alice), slug="castings", by=alice
    )
    first = models.model_version(endpoint.engagement, by=alice)
    services.mark_live(services.deploy(endpoint, model_version=first, by=alice).pk)
    return endpoint


def challenge(endpoint, version, by, variant="shadow", percent=100, **guards):
    return challengers.challenge(
        endpoint, model_version=version, variant=variant, share_percent=percent, by=by, **guards
    )


def test_a_challenger_needs_a_champion_of_another_version_of_the_same_engagement(
    endpoint, acme, alice
):
    champion = endpoint.champion.model_version
    with pytest.raises(ValidationError, match="in place already"):
        challenge(endpoint, champion, alice)
    elsewhere = factories.engagement(acme, alice, "Other")
    other = models.model_version(elsewhere, by=alice)
    with pytest.raises(ValidationError, match="another engagement"):
        challenge(endpoint, other, alice)
    empty = services.create_endpoint(elsewhere, slug="other", by=alice)
    with pytest.raises(ValidationError, match="Nothing answers here yet"):
        challenge(empty, other, alice)


def test_the_share_is_a_percentage_and_the_field_is_named(endpoint, alice):
    two = models.model_version(endpoint.engagement, by=alice, seed=2)
    for percent in (0, 101):
        with pytest.raises(ValidationError) as refused:
            challenge(endpoint, two, alice, percent=percent)
        assert set(refused.value.message_dict) == {"share_percent"}
    with pytest.raises(ValidationError) as refused:
        challenge(endpoint, two, alice, most_latency_ratio=0.5)
    assert set(refused.value.message_dict) == {"most_latency_ratio"}
    assert not Challenger.objects.exists()


def test_one_challenger_at_a_time_and_each_step_is_an_entry_of_its_own(endpoint, alice):
    two, three = (models.model_version(endpoint.engagement, by=alice, seed=n) for n in (2, 3))
    shadow = challenge(endpoint, two, alice)
    with pytest.raises(ValidationError, match="stop it first"):
        challenge(endpoint, three, alice)
    with pytest.raises(ValidationError, match="already"):
        challenge(endpoint, two, alice)
    canary = challenge(endpoint, two, alice, "canary", 5, least_answers=30)
    wider = challenge(endpoint, two, alice, "canary", 25)
    shadow.refresh_from_db()
    assert (shadow.state, shadow.number) == ("stepped", 1) and shadow.ended_at
    assert (canary.number, wider.number, wider.least_answers) == (2, 3, 30)
    assert endpoint.challengers.active() == wider
    challengers.stop(wider, by=alice)
    with pytest.raises(ValidationError, match="ended already"):
        challengers.stop(wider, by=alice)
    assert endpoint.challengers.active() is None


def test_what_is_promoted_or_overtaken_has_ended(endpoint, alice):
    two, three = (models.model_version(endpoint.engagement, by=alice, seed=n) for n in (2, 3))
    canary = challenge(endpoint, two, alice, "canary", 25)
    with pytest.raises(ValidationError, match="live"):
        challengers.promote(canary, by=alice)
    challengers.mark_live(canary.pk)
    deployment = challengers.promote(canary, by=alice)
    services.mark_live(deployment.pk)
    canary.refresh_from_db()
    assert canary.state == "promoted" and endpoint.champion.model_version == two
    shadow = challenge(endpoint, three, alice)
    services.roll_back(endpoint, by=alice)
    shadow.refresh_from_db()
    assert shadow.state == "stopped" and "Another model version" in shadow.cause


def test_challengers_are_told_and_audited(endpoint, alice):
    two = models.model_version(endpoint.engagement, by=alice, seed=2)
    canary = challenge(endpoint, two, alice, "canary", 5)
    challengers.stop(canary, by=alice)
    kinds = ["canary.started", "canary.stopped"]
    assert (
        list(
            TimelineEntry.objects.filter(kind__in=kinds)
            .order_by("at")
            .values_list("kind", flat=True)
        )
        == kinds
    )
    assert AuditEntry.objects.filter(verb__in=kinds).count() == 2


def test_the_past_cannot_be_rewritten(endpoint, alice):
    two = models.model_version(endpoint.engagement, by=alice, seed=2)
    canary = challenge(endpoint, two, alice, "canary", 5)
    rewritten = [
        (endpoint.deployments, {"model_version": two}),
        (endpoint.challengers, {"share_percent": 50}),
    ]
    for rows, change in rewritten:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Challenger.objects.filter(pk=canary.pk).delete()


@pytest.mark.slow
def test_a_shadow_on_the_champion_s_backbone_answers_by_its_own_head(
    inference, ask, deployed, castings, acme, alice, beside, tmp_path
):
    with tenant_scope(acme):
        one, two = (
            models.probe_version(castings.engagement, tmp_path / str(seed), by=alice, seed=seed)
            for seed in (1, 2)
        )
    deployed(one)
    beside(two)
    # what endpoints of the tests before had is forgotten at the next look
    inference.until(lambda: inference.figure("lepton_inference_models") == 1)
    for colour in COLOURS:
        answer(ask(models.picture(colour)))
    compared(inference, acme, len(COLOURS))
    deployed(two)  # what the shadow said is what it says as the champion
    with tenant_scope(acme):
        said = {
            row.prediction.input_sha256: row.scores
            for row in ShadowAnswer.objects.select_related("prediction")
        }
    for colour in COLOURS:
        data = models.picture(colour)
        scores = {one["label"]: one["score"] for one in answer(ask(data))["scores"]}
        expected = said[hashlib.sha256(data).hexdigest()]
        assert [scores[name] for name in models.CLASSES] == pytest.approx(expected, abs=1e-5)
