"""What people do with webhooks; an address is looked up before the tenant's rows are touched."""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import tasks
from engagements.models import Delivery, Event, Webhook
from engagements.webhooks import events as outgoing
from engagements.webhooks.kinds import KINDS, TEST
from lepton.lib import addresses, live, standard_webhooks
from lepton.lib.refusals import Conflict
from lepton.lib.wake import wake_on_commit

MOST_WEBHOOKS = 20


def create_webhook(tenant, *, url, events, description="", by) -> Webhook:
    """Tell `url` of `events` from now on; the row returned holds the secret to show once."""
    _refuse_unknown(events)
    _refuse_private(url)
    with tenant_scope(tenant):
        if Webhook.objects.kept().count() >= MOST_WEBHOOKS:
            raise Conflict(_("There are %s webhooks already: remove one first.") % MOST_WEBHOOKS)
        webhook = Webhook.objects.create(
            url=url,
            description=description,
            events=sorted(set(events)),
            secret=standard_webhooks.new_secret(),
            **author(by),
        )
        audit.record("webhook.created", webhook, by=by, events=webhook.events)
    return webhook


def change_webhook(tenant, pk, *, by, is_active=None, **changes) -> Webhook:
    """Change `url`, `events` or `description`; `is_active` pauses and resumes it."""
    if "events" in changes:
        _refuse_unknown(changes["events"])
        changes["events"] = sorted(set(changes["events"]))
    if "url" in changes:
        _refuse_private(changes["url"])
    with tenant_scope(tenant), _changed(pk) as webhook:
        if is_active is not None:
            (resume_webhook if is_active else pause_webhook)(webhook, by=by)
        if changes:
            Webhook.objects.filter(pk=pk).update(**changes)
            audit.record("webhook.changed", webhook, by=by, **changes)
        webhook.refresh_from_db()
    return webhook


def pause_webhook(webhook, *, by) -> None:
    """Tell it nothing until it is resumed; doing so twice changes nothing."""
    with _changed(webhook.pk) as webhook:
        if webhook.stop():
            audit.record("webhook.paused", webhook, by=by)


def resume_webhook(webhook, *, by) -> None:
    """Tell it of what happens from now on; what failed meanwhile can be replayed."""
    with _changed(webhook.pk) as webhook:
        if Webhook.objects.filter(pk=webhook.pk, is_active=False).update(is_active=True):
            audit.record("webhook.resumed", webhook, by=by)


def remove_webhook(webhook, *, by) -> None:
    """Tell it nothing any more; its log is kept."""
    with _changed(webhook.pk) as webhook:
        webhook.stop(removed_at=timezone.now())
        audit.record("webhook.removed", webhook, by=by)


def rotate_secret(webhook, *, until, by) -> str:
    """Sign with a new secret from now on, and return it to be shown once.

    The one before it signs too until `until`, so that receivers can change over in between.
    """
    secret = standard_webhooks.new_secret()
    with _changed(webhook.pk) as webhook:
        overlap = {"old_secret": "", "old_secret_until": None}
        if until > timezone.now():
            overlap = {"old_secret": webhook.secret, "old_secret_until": until}
        Webhook.objects.filter(pk=webhook.pk).update(secret=secret, **overlap)
        audit.record("webhook.secret_rotated", webhook, by=by, old_until=until.isoformat())
    return secret


def send_test(webhook, *, by) -> Delivery:
    """Send an event that says nothing happened, to this webhook alone."""
    with _changed(webhook.pk) as webhook:
        _refuse_paused(webhook)
        data = {"tenant": webhook.tenant.slug, "actor": audit.label_of(by)}
        event = Event.objects.create(kind=TEST, data=data | {"text": "This is a test."})
        (delivery,) = outgoing.send(event, [webhook])
        audit.record("webhook.tested", webhook, by=by)
    return delivery


def replay(delivery, *, by) -> None:
    """Send a delivery again, now, with the webhook-id it had."""
    with _changed(delivery.webhook_id) as webhook:
        _refuse_paused(webhook)
        again = {"state": Delivery.State.PENDING, "next_attempt_at": timezone.now()}
        if not Delivery.objects.idle().filter(pk=delivery.pk).update(**again):
            raise Conflict(_("This delivery is being sent right now."))
        wake_on_commit(tasks.wake_deliveries)
        audit.record("webhook.replayed", webhook, by=by, event=str(delivery.event_id))


@contextmanager
def _changed(pk):
    """One transaction with the webhook's row locked; its pages look again."""
    with transaction.atomic():
        webhook = Webhook.objects.kept().select_for_update(no_key=True).filter(pk=pk).first()
        if webhook is None:
            raise Conflict(_("This webhook was removed."))
        yield webhook
        live.look_again(webhook.tenant_id, webhook.topic)


def _refuse_paused(webhook):
    if not webhook.is_active:
        raise Conflict(_("The webhook is paused: resume it first."))


def _refuse_unknown(events):
    if unknown := sorted(set(events) - KINDS.keys()):
        raise ValidationError({"events": _("No such event: %s.") % ", ".join(unknown)})
    if not events:
        raise ValidationError({"events": _("Choose at least one event.")})


def _refuse_private(url):
    try:
        addresses.checked(url)
    except ValidationError as refusal:
        raise ValidationError({"url": refusal.messages}) from None
