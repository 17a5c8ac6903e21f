"""Carries out load tests: within one claim from start to end, or failed; never half of one."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from engagements import timeline
from lepton.lib import storage
from lepton.lib.inference import inference_backend
from serving import tokens
from serving.exercises import generator, load_tests
from serving.exercises.generator import Stream
from serving.exercises.rows import State
from serving.models import Prediction
from training import leases

LOOK_SECONDS = 1.0
LOST_CAUSE = gettext_noop("The worker was lost during the test, so its figures are not whole.")
LOST_HINT = gettext_noop("Start it again.")
OTHER_CAUSE = gettext_noop("Another model version answered than the one that was to be tested.")


def carry_out(claim: leases.Claim) -> None:
    """Run a claimed load test to its end; one that an earlier worker lost is failed."""
    with claim.scope() as test:
        if claim.crashes:
            _end(claim, test, State.FAILED, cause=test.cause or LOST_CAUSE, hint=LOST_HINT)
            return
        keys = load_tests.image_keys(test.model_version)
        if not keys:  # they were erased while it waited
            _end(claim, test, State.FAILED, cause=load_tests.NO_IMAGES)
            return
        claim.write(state=State.RUNNING)
        address, sign = test.endpoint.predict_path, _signer(test)
        load_tests.tell(test)
    images = [storage.get(key) for key in keys]
    bounds = {name: getattr(test, name) for name in ("per_second", "seconds", "at_once")}
    url = f"{inference_backend()}{address}"
    stream = Stream(url, images, lambda: {"Authorization": f"Bearer {sign()}"}, **bounds)
    with leases.Heart(claim) as heart:
        stream.start()
        while not stream.ended_within(LOOK_SECONDS):
            if heart.should_stop():
                stream.stop()
            heart.moved()
            _note(claim, stream, test)
    _finish(claim, heart, stream)


def _signer(test):
    source = Prediction.Source.LOAD_TEST
    return tokens.signer(test.endpoint, asker_id=test.pk, source=source)


def _note(claim, stream, test):
    """Write how far it is; whoever watches sees it."""
    claim.write(**generator.tally(stream.results, limit_ms=test.limit_ms))
    with claim.scope() as row:
        load_tests.tell(row)


def _finish(claim, heart, stream):
    if heart.lost.is_set():
        raise leases.LeaseLost
    with claim.scope() as test:
        found = generator.tally(stream.results, limit_ms=test.limit_ms)
        found["took_seconds"] = stream.took_seconds
        if heart.cancel_requested.is_set() or test.cancel_requested_at:
            _end(claim, test, State.CANCELLED, **found)
        elif found["sent"] < test.planned:  # the worker shuts down
            _end(claim, test, State.FAILED, cause=LOST_CAUSE, hint=LOST_HINT, **found)
        elif set(found["versions"]) - {str(test.model_version.number)}:
            _end(claim, test, State.FAILED, cause=OTHER_CAUSE, hint=LOST_HINT, **found)
        else:
            _end(claim, test, State.SUCCEEDED, **found)


def _end(claim, test, state, **changes):
    claim.release(**leases.ended(state=state, **changes))
    test.refresh_from_db()
    facts = {"endpoint": test.endpoint.slug}
    url = test.get_absolute_url()
    if state == State.SUCCEEDED:
        facts |= {"outcome": str(test.outcome.label), "n": test.sent}
        timeline.record(test.endpoint.engagement, "load_test.done", by=None, url=url, **facts)
    elif state == State.FAILED:
        facts |= {"cause": _(test.cause)}
        timeline.record(test.endpoint.engagement, "load_test.failed", by=None, url=url, **facts)
    load_tests.tell(test)
