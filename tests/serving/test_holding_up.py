"""A model that keeps failing is left alone; what can wait is refused first."""

import pytest

from accounts.scoping import tenant_scope
from serving import admission, services, tokens
from serving.breakers import FAILURES, Breakers
from serving.models import Prediction
from serving.refusals import Refused
from tests import factories
from tests.serving import models
from tests.serving.conftest import answer, settled

Source = Prediction.Source
WHITE = models.picture((250, 250, 250))


@pytest.mark.slow
def test_a_model_that_keeps_failing_is_left_alone_and_others_answer(
    inference, ask, deployed, version_of, acme, alice
):
    deployed(version_of(data=models.failing_graph()))
    with tenant_scope(acme):
        engagement = factories.engagement(acme, alice, "Second line")
        second = services.create_endpoint(engagement, slug="second", by=alice)
        version = models.model_version(engagement, by=alice, seed=7)
        deployment = services.deploy(second, model_version=version, by=alice)
    settled(inference, acme, deployment)
    assert [ask(WHITE).status_code for _number in range(FAILURES)] == [500] * FAILURES
    for _number in range(3):
        refused = ask(WHITE)
        assert refused.status_code == 503
        assert "left alone" in refused.json()["error"]
        assert 1 <= int(refused.headers["retry-after"]) <= 5
        assert answer(ask(WHITE, path="acme/second/predict"))["model_version"] == 1
    assert inference.figure("lepton_inference_taken_out_total") >= 1


@pytest.mark.slow
def test_a_wrong_image_is_not_the_model_s_failure(ask, deployed, version_of):
    deployed(version_of())
    assert {ask(b"no image").status_code for _number in range(2 * FAILURES)} == {422}
    assert answer(ask(WHITE))


def test_a_breaker_lets_one_request_try_after_a_pause_that_doubles():
    now = [100.0]
    breakers, model = Breakers(lambda: now[0]), "a version"
    for _number in range(FAILURES - 1):
        breakers.failed(model)
    assert breakers.pause_of(model) == 0
    breakers.failed(model)
    assert breakers.pause_of(model) == 5 and breakers.pause_of("another") == 0
    now[0] += 5
    assert breakers.pause_of(model) == 0  # it tries
    assert breakers.pause_of(model) == 5  # the next one waits for what becomes of it
    breakers.failed(model)
    assert breakers.pause_of(model) == 10
    now[0] += 10
    assert breakers.pause_of(model) == 0
    breakers.answered(model)
    assert breakers.pause_of(model) == 0 and breakers.pause_of(model) == 0


def test_an_answer_in_between_starts_the_count_anew():
    breakers = Breakers()
    for _number in range(3 * FAILURES):
        breakers.failed("a version")
        breakers.answered("a version")
    assert breakers.pause_of("a version") == 0


def test_bulk_waits_behind_everybody_whether_a_client_or_the_site_says_so():
    is_background, program = admission.is_background, object()
    assert is_background({b"x-request-priority": b"Bulk"}, program)
    assert is_background({}, tokens.Pass("acme", "castings", None, Source.BULK))
    assert not is_background({b"x-request-priority": b"normal"}, program)
    assert not is_background({}, tokens.Pass("acme", "castings", None, Source.BROWSER))
    with pytest.raises(Refused) as refused:
        is_background({b"x-request-priority": b"urgent"}, program)
    assert refused.value.status == 422 and "X-Request-Priority" in str(refused.value)


@pytest.mark.slow
def test_what_waited_on_purpose_is_logged_as_bulk(ask, deployed, version_of, acme, inference, key):
    deployed(version_of())
    bulk = {"Authorization": f"Bearer {key}", "X-Request-Priority": "bulk"}
    sources = {}
    for source, headers in (("api", None), ("bulk", bulk)):
        reply = ask(WHITE, headers=headers) if headers else ask(WHITE)
        sources[answer(reply)["prediction_id"]] = source

    def logged():
        with tenant_scope(acme):
            rows = Prediction.objects.filter(pk__in=list(sources))
            return {str(row.pk): row.source for row in rows}

    inference.until(lambda: logged() == sources)
