"""Carries out rollback drills: whatever happens, the champion answers again at the end.

What somebody deploys meanwhile is left alone: a drill only takes back what it did itself.
"""

import time

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.scoping import tenant_scope
from engagements import timeline
from lepton.lib import storage
from serving import asking, services
from serving.exercises import drills, load_tests
from serving.exercises.rows import RollbackDrill, State
from serving.models import Deployment, Endpoint
from training import leases

LIVE_SECONDS, ASK_SECONDS, PAUSE_SECONDS = 60.0, 15.0, 0.1
ANSWERS = 3  # one after the other must name the version
Step = RollbackDrill.Step
LOST = gettext_noop("The worker was lost during the drill; the champion was put back.")
NOT_LOADED = gettext_noop("The version it rolled back to could not be loaded.")
TOO_LATE = gettext_noop("The data plane did not take the version up within a minute.")
OTHERS = gettext_noop("Somebody put another version in place during the drill; it was left there.")
WRONG = gettext_noop("The endpoint's answers did not name the version that should have answered.")


class Failed(Exception):
    """The drill showed that rolling back does not work, or could not be done."""


def carry_out(claim: leases.Claim) -> None:
    """Run a claimed drill to its end; one that an earlier worker lost is undone and failed."""
    with leases.Heart(claim) as heart:
        try:
            if claim.crashes:
                raise Failed(LOST)
            _practise(claim, heart)
        except Failed as failure:
            _undo(claim)
            _end(claim, State.FAILED, cause=str(failure))


def _practise(claim, heart):
    images = _images(claim)
    _put(claim, Step.ROLLING_BACK, "practised", "rolled_back_as")
    seconds = _seconds_until_live(claim, heart, "rolled_back_as")
    claim.write(step=Step.ASKING, rollback_seconds=seconds)
    checked = _ask(claim, heart, "practised", images)
    _put(claim, Step.PUTTING_BACK, "model_version", "put_back_as")
    seconds = _seconds_until_live(claim, heart, "put_back_as")
    claim.write(step=Step.ASKING, put_back_seconds=seconds)
    checked += _ask(claim, heart, "model_version", images)
    _end(claim, State.SUCCEEDED, step=Step.OVER, answers_checked=checked)


def _images(claim) -> list[bytes]:
    """What the versions will be asked about, read before anything is changed."""
    with claim.scope() as drill:
        keys = load_tests.image_keys(drill.model_version)[:ANSWERS]
    if not keys:
        raise Failed(load_tests.NO_IMAGES)
    return [storage.get(key) for key in keys]


def _put(claim, step, version, number):
    """Put a version in place as a deployment does, and note its number in the same transaction."""
    with claim.scope() as drill:
        if not _is_as_left(drill):
            raise Failed(OTHERS)
        made = _deploy(drill, getattr(drill, version))
        claim.write(state=State.RUNNING, step=step, **{number: made.number})
        drills.tell(drill)


def _is_as_left(drill) -> bool:
    """Whether in place is what was when it was asked for, or what it put there itself; nobody
    puts anything else there until this transaction ends."""
    services.lock(drill.endpoint)
    now = drill.endpoint.deployments.in_place()
    if now is None:
        return False
    if drill.rolled_back_as:
        return now.number == drill.rolled_back_as
    return now.model_version_id == drill.model_version_id


def _deploy(drill, version):
    facts = {"reason": Deployment.Reason.DRILL, "by": drill.created_by}
    return services.put_in_place(drill.endpoint, version, **facts)


def _seconds_until_live(claim, heart, number) -> float:
    """Wait for the data plane's own mark; return the seconds from the order to it."""
    until = time.monotonic() + LIVE_SECONDS
    while time.monotonic() < until and not heart.should_stop():
        with tenant_scope(claim.tenant_id):
            drill = RollbackDrill.objects.select_related("endpoint").get(pk=claim.id)
            made = drill.endpoint.deployments.get(number=getattr(drill, number))
        if made.state == Deployment.State.LIVE:
            return (made.live_at - made.created_at).total_seconds()
        if made.state == Deployment.State.FAILED:
            raise Failed(NOT_LOADED)
        time.sleep(PAUSE_SECONDS)
    raise Failed(LOST if heart.should_stop() else TOO_LATE)


def _ask(claim, heart, version, images) -> int:
    """Ask as a client does until answers in a row name the version; return how many did.

    Several inference processes may take a version up some moments after the first of them.
    """
    with claim.scope() as drill:
        endpoint = Endpoint.objects.select_related("tenant").get(pk=drill.endpoint_id)
        wanted = getattr(drill, version).number
    until, in_a_row = time.monotonic() + ASK_SECONDS, 0
    while time.monotonic() < until and not heart.should_stop():
        image = images[in_a_row % len(images)]
        in_a_row = in_a_row + 1 if _named_by(endpoint, image, claim.id) == wanted else 0
        if in_a_row == ANSWERS:
            return in_a_row
        time.sleep(PAUSE_SECONDS)
    raise Failed(WRONG)


def _named_by(endpoint, image, drill_id) -> int | None:
    """The number of the version that answered, None if none did."""
    try:
        return asking.ask_in_drill(endpoint, image, drill_id=drill_id)["model_version"]
    except asking.NotAnswered:
        return None


def _undo(claim):
    """Put the champion back, unless something else than this drill's version is in place."""
    with claim.scope() as drill:
        if drill.rolled_back_as and _is_as_left(drill):
            _deploy(drill, drill.model_version)


def _end(claim, state, **changes):
    with claim.scope() as drill:
        claim.release(**leases.ended(state=state, **changes))
        drill.refresh_from_db()
        endpoint = drill.endpoint
        facts = {"endpoint": endpoint.slug, "version": drill.practised.number}
        if drill.passed:
            kind, facts["seconds"] = "drill.passed", f"{drill.rollback_seconds:.1f}"
        else:
            kind, facts["cause"] = "drill.failed", _(drill.cause)
        url = endpoint.get_absolute_url()
        timeline.record(endpoint.engagement, kind, by=drill.created_by, url=url, **facts)
        drills.tell(drill)
        audit.record(kind, drill, by=drill.created_by, **facts)
