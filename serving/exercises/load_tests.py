"""Writes on load tests that people ask for: start and cancel."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import author
from lepton.lib import live
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit
from serving import services, tasks
from serving.exercises.rows import MOST_AT_ONCE, MOST_PER_SECOND, LoadTest, State
from training.models import Split, VersionItem

MOST_IMAGES = 50
NO_IMAGES = gettext_noop("The model's dataset version has no test images to send.")
BOUNDS = {"per_second", "seconds", "at_once"}


def start_load_test(endpoint, *, per_second, seconds, at_once, by):
    """Queue a load test of what answers at an endpoint, within the tenant's own limits."""
    champion = endpoint.champion
    if champion is None:
        raise ValidationError(_("No model version is live here: deploy one first."))
    objective = objectives(endpoint.engagement)
    test = LoadTest(
        endpoint=endpoint,
        model_version=champion.model_version,
        per_second=per_second,
        seconds=seconds,
        at_once=at_once,
        **objective,
        **author(by),
    )
    _within_limits(test)
    with transaction.atomic():
        services.lock(endpoint)
        refuse_while_busy(endpoint)
        refuse_without_images(test.model_version)
        test.save(force_insert=True)
        facts = {"per_second": per_second, "seconds": seconds, "at_once": at_once}
        audit.record("load_test.started", test, by=by, **facts)
        tell(test)
        wake_on_commit(tasks.wake_exercises)
    return test


def newest_of_champion(endpoint):
    """The newest load test of what answers that came to its end, or None."""
    champion = endpoint.champion
    if champion is None:
        return None
    return endpoint.load_tests.done().filter(model_version=champion.model_version).first()


def cancel_load_test(test, *, by):
    """Cancel a load test: at once if it waits, else it stops within a second."""
    now = timezone.now()
    still_open = LoadTest.objects.filter(pk=test.pk, cancel_requested_at=None).still_open()
    nobody_works = Q(lease_expires_at=None) | Q(lease_expires_at__lt=now)
    ended = {"state": State.CANCELLED, "finished_at": now, "claimed_by": ""}
    with transaction.atomic():
        if not (
            still_open.filter(nobody_works).update(
                cancel_requested_at=now, lease_expires_at=None, **ended
            )
            or still_open.update(cancel_requested_at=now)
        ):
            raise Conflict(_("This load test has ended or is being cancelled already."))
        audit.record("load_test.cancelled", test, by=by)
        tell(test)
    test.refresh_from_db()
    return test


def refuse_while_busy(endpoint):
    """Raise Conflict while a load test or a rollback drill is under way here."""
    if endpoint.load_tests.still_open().exists():
        raise Conflict(_("A load test is under way here: wait for its end, or cancel it."))
    if endpoint.drills.still_open().exists():
        raise Conflict(_("A rollback drill is under way here: wait for its end."))


def refuse_without_images(model_version):
    """Raise ValidationError where there is nothing to ask an endpoint about."""
    if not image_keys(model_version):
        raise ValidationError(_(NO_IMAGES))


def objectives(engagement) -> dict:
    """What a load test is held against: the contract's limit comes before the requirement's."""
    contract, requirement = engagement.contract, engagement.requirement
    limits = [one.p95_latency_ms for one in (contract, requirement) if one]
    return {
        "limit_ms": next(filter(None, limits), None),
        "volume_per_day": requirement and requirement.volume_per_day,
    }


def most_at_once() -> int:
    """Half of what a tenant may have in flight, so that its own programs keep the other half."""
    return max(1, min(MOST_AT_ONCE, settings.LEPTON_TENANT_IN_FLIGHT // 2))


def most_per_second() -> int:
    """No more than any of the tenant's keys may send."""
    return max(1, min(MOST_PER_SECOND, int(settings.LEPTON_KEY_IMAGES_PER_SECOND)))


def image_keys(model_version) -> list[str]:
    """Where the test images lie that are sent, in the order of their content."""
    data = model_version.run.dataset_version_id
    items = VersionItem.objects.filter(version=data, split=Split.TEST, image__erased_at=None)
    items = items.order_by("image__sha256")
    return list(items.values_list("image__storage_key", flat=True)[:MOST_IMAGES])


def tell(test):
    """Let pages that show it look again."""
    live.look_again(test.tenant_id, test.topic, test.list_topic)


def _within_limits(test):
    test.clean_fields(exclude={field.name for field in LoadTest._meta.fields} - BOUNDS)
    wrong = {}
    if test.per_second > most_per_second():
        words = _("A key may send %s images a second here; a load test no more.")
        wrong["per_second"] = words % most_per_second()
    if test.at_once > most_at_once():
        words = _("At most %s at once: the tenant's own programs need the rest.")
        wrong["at_once"] = words % most_at_once()
    if wrong:
        raise ValidationError(wrong)
