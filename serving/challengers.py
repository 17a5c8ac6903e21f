"""Writes on what runs beside the champion: shadows, canaries, how they go on and how they end."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import author
from engagements import production
from lepton.lib.refusals import Conflict
from serving import services
from serving.models import Challenger
from serving.telling import look_again, tell

State = Challenger.State
SET_HERE = {"number", "created_by", "live_at", "ended_at"}  # nobody gives these


def challenge(endpoint, *, model_version, variant, share_percent, by, **guards):
    """Let a model version run beside the champion, or go on with it in another way or share.

    `guards` are those of a canary; what is not given is as it was, or the default.
    """
    with transaction.atomic():
        services.lock(endpoint)
        _refuse_without_sense(endpoint, model_version)
        _refuse_during_a_drill(endpoint)
        if variant == Challenger.Variant.CANARY:  # it answers clients, as a champion does
            production.refuse_unless_allowed(endpoint.engagement, candidate_id=model_version.pk)
        present = endpoint.challengers.active()
        if present and present.model_version_id != model_version.pk:
            message = _("Model version %(number)s is beside the champion already: stop it first.")
            raise ValidationError(message % {"number": present.model_version.number})
        new = Challenger(
            endpoint=endpoint,
            model_version=model_version,
            variant=variant,
            share_percent=share_percent,
            **(_guards_of(present) | guards),
            **author(by),
        )
        new.clean_fields(exclude=SET_HERE)
        _refuse_the_same(present, new)
        _save_after(present, new)
        kind = f"{variant}.started"
        tell(new, kind, by=by, url=endpoint.get_absolute_url(), percent=share_percent)
    return new


def stop(challenger, *, by):
    """Take a challenger away; the champion answers everything again."""
    with transaction.atomic():
        if not _end(challenger, State.STOPPED):
            raise ValidationError(_("It has ended already."))
        tell(challenger, f"{challenger.variant}.stopped", by=by, url=_url(challenger))
    return challenger


def promote(challenger, *, by):
    """Make a challenger the champion, as any model version is deployed; returns the deployment."""
    with transaction.atomic():
        services.lock(challenger.endpoint)
        if not Challenger.objects.filter(pk=challenger.pk, state=State.LIVE).exists():
            raise ValidationError(_("Only what is live beside the champion can be promoted."))
        return services.deploy(challenger.endpoint, model_version=challenger.model_version, by=by)


def roll_back(challenger_id, *, cause):
    """End a canary because a guard says so; returns whether it was this call that did."""
    with transaction.atomic():
        challenger = _told_of(challenger_id)
        if not _end(challenger, State.ROLLED_BACK, cause=cause):
            return False
        # No address: building one would load every page of the site into the data plane.
        tell(challenger, "canary.rolled_back", by=None, cause=cause)
    return True


def mark_live(challenger_id):
    """Note that a challenger answers."""
    this = Challenger.objects.filter(pk=challenger_id, state=State.LOADING)
    with transaction.atomic():
        if this.update(state=State.LIVE, live_at=timezone.now()):
            look_again(_told_of(challenger_id).endpoint)


def mark_failed(challenger_id, *, cause):
    """Note that a challenger cannot answer, and why; the champion is none the worse."""
    with transaction.atomic():
        challenger = _told_of(challenger_id)
        if _end(challenger, State.FAILED, cause=cause):
            tell(challenger, "challenger.failed", by=None, cause=cause)


def _refuse_without_sense(endpoint, model_version):
    if model_version.engagement_id != endpoint.engagement_id:
        raise ValidationError(_("This model version belongs to another engagement."))
    champion = endpoint.deployments.in_place()
    if champion is None:
        raise ValidationError(_("Nothing answers here yet: deploy a model version first."))
    if champion.model_version_id == model_version.pk:
        message = _("Model version %(number)s is in place already.")
        raise ValidationError(message % {"number": model_version.number})


def _refuse_during_a_drill(endpoint):
    """It would end with the drill's next step."""
    if endpoint.drills.still_open().exists():
        raise Conflict(_("A rollback drill is under way here: wait for its end."))


def _refuse_the_same(present, new):
    """A step changes something."""
    if present and (present.variant, present.share_percent) == (new.variant, new.share_percent):
        message = _("It runs as a %(variant)s for %(percent)s%% already.")
        words = {"variant": new.get_variant_display(), "percent": new.share_percent}
        raise ValidationError({"share_percent": message % words})


def _guards_of(present) -> dict:
    return {name: getattr(present, name) for name in Challenger.GUARDS} if present else {}


def _save_after(present, new):
    if present:
        _end(present, State.STEPPED)
    newest = new.endpoint.challengers.order_by("-number").first()
    new.number = newest.number + 1 if newest else 1
    new.save(force_insert=True)


def _end(challenger, state, *, cause="") -> bool:
    """End it if it has not ended; returns whether this did."""
    still = Challenger.objects.filter(pk=challenger.pk, state__in=Challenger.ACTIVE)
    return bool(still.update(state=state, ended_at=timezone.now(), cause=cause))


def _told_of(challenger_id):
    rows = Challenger.objects.select_related("model_version", "endpoint__engagement")
    return rows.get(pk=challenger_id)


def _url(challenger):
    return challenger.endpoint.get_absolute_url()
