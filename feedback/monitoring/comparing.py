"""What a worker does about a look at drift: see the pictures, compare, keep what was found."""

import logging
from datetime import timedelta

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.scoping import tenant_scope
from accounts.system import call
from feedback.alerts import evaluation
from feedback.models import DriftFinding, DriftLook
from feedback.monitoring import distance, references, signs
from feedback.monitoring.drifting import MINIMUM_N, recent_of, unseen
from feedback.monitoring.topics import monitoring_topic
from lepton.lib import live

CLAIM_SECONDS = 600.0
GIVE_UP = timedelta(hours=1)
WEEK = timedelta(days=7)
LEVEL = 0.05  # the chance of a false alarm in a week of looks
LEAST = {"answers": 0.1, "quality": 0.25}  # a smaller distance is none that matters
MOST_SHOWN = 12
Kind = DriftFinding.Kind
log = logging.getLogger(__name__)


class Unlookable(Exception):
    """There is nothing to compare; the text says why."""


def work_off() -> int:
    """Carry out looks until none waits; returns how many."""
    done = 0
    while rows := call("lepton_claim_look", CLAIM_SECONDS):
        look_id, tenant_id = rows[0]
        carry_out(tenant_id, look_id)
        done += 1
    return done


def carry_out(tenant_id, look_id) -> None:
    """Compare, and keep what was found or why nothing could be."""
    with tenant_scope(tenant_id):
        related = DriftLook.objects.select_related("endpoint__engagement__tenant")
        look = related.get(pk=look_id)
        version = look.endpoint.champion and look.endpoint.champion.model_version
    try:
        if look.created_at < timezone.now() - GIVE_UP:
            raise Unlookable(_("Workers broke off again and again."))
        if version is None:
            raise Unlookable(_("No model version answers here."))
        _compare(tenant_id, look, version)
    except Exception as error:
        if not isinstance(error, Unlookable):
            log.exception("Could not look for drift at %s", look.endpoint_id)
        with tenant_scope(tenant_id):
            failed = {"state": DriftLook.State.FAILED, "cause": str(error) or repr(error)}
            _end(look, **failed)


def _compare(tenant_id, look, version):
    reference = signs.reference_of(tenant_id, look.endpoint, version)
    if reference is None:
        raise Unlookable(_("The model's held-out images cannot be read."))
    with tenant_scope(tenant_id):
        recent = recent_of(unseen(look.endpoint, version), seed=look.pk.int)
    if sum(recent.classes.values()) < MINIMUM_N:
        raise Unlookable(_("Fewer than %s answers since the last look.") % MINIMUM_N)
    recent.seen = signs.of_predictions(tenant_id, version, recent.rows)
    found = _findings(reference, recent)
    with tenant_scope(tenant_id):
        facts = {"model_version": version, "reference": reference}
        facts |= {"answers_until": recent.until, "n": sum(recent.classes.values())}
        _keep(look, reference, found)
        _end(look, state=DriftLook.State.DONE, **facts)
        evaluation.evaluate(look.endpoint)


def _findings(reference, recent) -> list[dict]:
    """The facts of a finding of each kind that there is enough for."""
    sizes = {"n_reference": sum(reference.classes.values()), "n_recent": recent.classes.total()}
    found = [_of_answers(reference, recent, sizes)]
    if len(recent.seen) >= MINIMUM_N:
        sizes = {"n_reference": reference.n, "n_recent": len(recent.seen)}
        found += [_of_inputs(reference, recent, sizes), _of_quality(reference, recent, sizes)]
    return found


def _of_answers(reference, recent, sizes):
    value, p_value = distance.mix(reference.classes, recent.classes)
    detail = {"reference": reference.classes, "recent": dict(recent.classes)}
    found = {"kind": Kind.ANSWERS, "distance": value, "p_value": p_value}
    return found | {"detail": detail} | sizes


def _of_inputs(reference, recent, sizes):
    before = references.features_of(reference)
    now = np.stack([one.features for one in recent.seen.values()]).astype(np.float32)
    spread = before.std(0)
    scale = spread + 0.1 * spread.mean() + 1e-6  # a feature that hardly varies is not all there is
    before, now = before / scale, now / scale
    value, p_value = distance.energy(before, now)
    far = distance.farthest(before, now)
    ids = [str(pk) for pk in recent.seen]
    most = [ids[i] for i in np.argsort(-far)[:MOST_SHOWN]]
    found = {"kind": Kind.INPUTS, "distance": value, "p_value": p_value}
    return found | {"detail": {"most": most}} | sizes


def _of_quality(reference, recent, sizes):
    now = {name: [one.looks[name] for one in recent.seen.values()] for name in references.MEASURES}
    found = distance.looks(reference.looks, now)
    worst = min(found.values(), key=lambda one: (one.p_value, -one.value))
    detail = {
        name: {
            "distance": one.value,
            "p_value": one.p_value,
            "reference": float(np.median(reference.looks[name])),
            "recent": float(np.median(now[name])),
        }
        for name, one in found.items()
    }
    found = {"kind": Kind.QUALITY, "distance": worst.value, "p_value": worst.p_value}
    return found | {"detail": detail} | sizes


def _keep(look, reference, findings):
    earlier = DriftFinding.objects.filter(look__reference=reference, at__gte=timezone.now() - WEEK)
    rows = [DriftFinding(look=look, **facts) for facts in findings]
    for one in rows:
        one.looks = earlier.filter(kind=one.kind).count() + 1
        is_large = one.distance >= LEAST.get(one.kind, 0)
        one.has_drifted = is_large and one.corrected_p_value < LEVEL
    DriftFinding.objects.bulk_create(rows)


def _end(look, **changes):
    """End it once: whoever is late changes nothing."""
    still = DriftLook.objects.filter(pk=look.pk, state=DriftLook.State.QUEUED)
    if still.update(done_at=timezone.now(), **changes):
        endpoint = look.endpoint
        live.look_again(endpoint.tenant_id, monitoring_topic(endpoint.pk))
