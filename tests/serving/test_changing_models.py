"""Deploying and rolling back: nothing fails meanwhile, and a broken artifact changes nothing."""

import threading
from datetime import timedelta

import httpx
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import TimelineEntry
from serving import services
from serving.models import Deployment
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer, settled


class Clients:
    """Two clients that keep asking until they are stopped."""

    def __init__(self, url, key):
        self.url, self.headers = f"{url}/v1/endpoints/acme/castings/predict", {"X-API-Key": key}
        self.replies, self.stopped = [], threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(2)]

    def ask(self):
        image = models.picture()
        with httpx.Client(timeout=30) as client:
            while not self.stopped.is_set():
                response = client.post(self.url, content=image, headers=self.headers)
                self.replies.append((response.status_code, response.json()))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.slow
def test_deploying_and_rolling_back_fails_no_request(
    inference, deployed, version_of, castings, acme, alice, key
):
    one, two = version_of(seed=1), version_of(seed=5)
    deployed(one)
    with Clients(inference.url, key) as clients:
        for _round in range(2):
            deployed(two)
            with tenant_scope(acme):
                back = services.roll_back(castings, by=alice)
            settled(inference, acme, back)
        enough = len(clients.replies) + 4
        inference.until(lambda: len(clients.replies) > enough)
    assert {status for status, _reply in clients.replies} == {200}
    said = {(reply["model_version"], reply["score"]) for _status, reply in clients.replies}
    assert {version for version, _score in said} == {1, 2}
    assert len(said) == 2  # an answer that names a version is that version's answer
    assert clients.replies[-1][1]["model_version"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken, words",
    [
        ({"seed": 901, "stored": b"something else"}, "hash"),
        ({"data": b"no graph at all"}, "opened"),
        ({"data": models.graph(3, classes=3)}, "one score per class"),
        ({"meta": {"preprocessing": {"version": "0"}}}, "prepared"),
        ({"meta": {"files": {}}}, "meta.json"),
    ],
)
def test_a_broken_artifact_is_refused_and_the_old_one_goes_on(
    ask, deployed, version_of, acme, castings, broken, words
):
    deployed(version_of(seed=1))
    refused = deployed(version_of(**broken))
    assert refused.state == "failed"
    assert words in refused.cause
    assert answer(ask(models.picture()))["model_version"] == 1
    with tenant_scope(acme):
        entry = TimelineEntry.objects.get(kind="deployment.failed")
        assert words in entry.params["cause"]
        assert castings.champion.model_version.number == 1
    assert deployed(version_of(seed=5)).state == "live"
    assert answer(ask(models.picture()))["model_version"] == 3


@pytest.mark.slow
def test_endpoints_with_the_same_artifact_share_it_in_memory(
    inference, deployed, version_of, acme, alice
):
    deployed(version_of(seed=7))
    # what endpoints of the tests before had is forgotten at the next look
    inference.until(lambda: inference.figure("lepton_inference_models") == 1)
    with tenant_scope(acme):
        engagement = factories.engagement(acme, alice, "Second line")
        second = services.create_endpoint(engagement, slug="second", by=alice)
        version = models.model_version(engagement, by=alice, seed=7)
        deployment = services.deploy(second, model_version=version, by=alice)
    assert settled(inference, acme, deployment).state == "live"
    assert inference.figure("lepton_inference_models") == 1


@pytest.fixture
def history(db, acme, alice, in_acme):
    """Deploy versions of an engagement and mark them live: `history(v, w)`."""
    endpoint = services.create_endpoint(
        factories.engagement(acme, alice), slug="castings", by=alice
    )

    def deploy(*versions):
        for version in versions:
            made = services.deploy(endpoint, model_version=version, by=alice)
            services.mark_live(made.pk)
        return endpoint

    deploy.endpoint = endpoint
    return deploy


def version(endpoint, alice, seed=1):
    return models.model_version(endpoint.engagement, by=alice, seed=seed)


def test_rolling_back_needs_another_version_that_answered(history, alice):
    endpoint = history.endpoint
    with pytest.raises(ValidationError, match="nothing to roll back to"):
        services.roll_back(endpoint, by=alice)
    one, two = version(endpoint, alice, 1), version(endpoint, alice, 2)
    history(one)
    with pytest.raises(ValidationError, match="nothing to roll back to"):
        services.roll_back(endpoint, by=alice)
    history(two)
    back = services.roll_back(endpoint, by=alice)
    assert (back.model_version, back.reason, back.number) == (one, "rollback", 3)


def test_rolling_back_passes_over_what_never_answered(history, alice):
    endpoint = history.endpoint
    one, broken, two = (version(endpoint, alice, seed) for seed in (1, 2, 3))
    history(one)
    services.mark_failed(
        services.deploy(endpoint, model_version=broken, by=alice).pk, cause="damaged"
    )
    history(two)
    assert services.roll_back(endpoint, by=alice).model_version == one


def test_the_same_version_is_not_deployed_twice(history, alice):
    one = version(history.endpoint, alice)
    history(one)
    with pytest.raises(ValidationError, match="in place already"):
        services.deploy(history.endpoint, model_version=one, by=alice)


def test_a_version_of_another_engagement_is_not_deployed(history, acme, alice):
    other = models.model_version(factories.engagement(acme, alice, "Other"), by=alice)
    with pytest.raises(ValidationError, match="another engagement"):
        services.deploy(history.endpoint, model_version=other, by=alice)


def test_an_overtaken_deployment_never_answers(history, alice):
    endpoint = history.endpoint
    first = services.deploy(endpoint, model_version=version(endpoint, alice, 1), by=alice)
    second = services.deploy(endpoint, model_version=version(endpoint, alice, 2), by=alice)
    services.mark_live(second.pk)
    services.mark_live(first.pk)
    first.refresh_from_db()
    assert first.state == "failed" and "Overtaken" in first.cause
    assert endpoint.champion == second


def test_which_version_answered_at_a_moment_is_a_query(history, alice):
    endpoint = history.endpoint
    one, two = version(endpoint, alice, 1), version(endpoint, alice, 2)
    start = timezone.now()
    history(one)
    between = timezone.now()
    history(two)
    answered = Deployment.objects.which_version_answered
    assert answered(endpoint, start - timedelta(seconds=1)) is None
    assert answered(endpoint, between) == one
    assert answered(endpoint, timezone.now()) == two


def test_deployments_are_told_and_audited(history, alice):
    endpoint = history.endpoint
    history(version(endpoint, alice, 1), version(endpoint, alice, 2))
    services.roll_back(endpoint, by=alice)
    kinds = ["endpoint.created", "model.deployed", "model.deployed", "model.rolled_back"]
    told = TimelineEntry.objects.filter(kind__in=kinds).order_by("at")
    assert [entry.kind for entry in told] == kinds
    verbs = AuditEntry.objects.filter(verb__in=kinds).order_by("at")
    assert [entry.verb for entry in verbs] == kinds
    assert {entry.actor_label for entry in verbs} == {"Alice"}


def test_an_engagement_has_one_endpoint_and_addresses_are_taken_once(history, acme, alice):
    with pytest.raises(ValidationError, match="already"):
        services.create_endpoint(history.endpoint.engagement, slug="more", by=alice)
    other = factories.engagement(acme, alice, "Other")
    with pytest.raises(ValidationError, match="taken"):
        services.create_endpoint(other, slug="castings", by=alice)
    with pytest.raises(ValidationError, match="lower-case"):
        services.create_endpoint(other, slug="Castings!", by=alice)
