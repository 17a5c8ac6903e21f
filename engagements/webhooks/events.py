"""Events: written in the transaction of what happened, and only where a webhook wants them."""

from django.conf import settings
from django.utils import translation

from accounts.audit import label_of
from engagements import privacy, tasks, timeline
from engagements.models import Delivery, Engagement, Event, Side, Webhook
from engagements.webhooks.kinds import KINDS, told_as
from lepton.lib.wake import wake_on_commit


def emit(engagement, kind, data, *, by):
    """Tell the tenant's webhooks that want `kind`; return the event, or None if none does.

    `data` is added to what every event says; `text` and `url` (a path of the site) are its words.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    wanting = list(Webhook.objects.wanting(kind))
    if not wanting:
        return None
    said = _place(engagement) | {"actor": label_of(by)} | data
    said["url"] = settings.LEPTON_PUBLIC_URL + (data.get("url") or engagement.get_absolute_url())
    event = Event.objects.create(
        kind=kind, engagement=engagement, data=privacy.without_private(said, Side.CUSTOMER)
    )
    send(event, wanting)
    return event


def entry_made(entry, *, by) -> None:
    """Tell of a timeline entry, unless it is private or of a kind that webhooks do not know."""
    kind = told_as(entry.kind)
    if kind and not entry.is_private:
        with translation.override(settings.LANGUAGE_CODE):  # programs read it, not this reader
            text = timeline.told(entry)["text"]
        data = {"text": text, "params": entry.params, "url": entry.url}
        emit(entry.engagement, kind, data, by=by)


def send(event, webhooks) -> list[Delivery]:
    """Put `event` on its way to `webhooks` once this commits."""
    deliveries = [Delivery(webhook=webhook, event=event) for webhook in webhooks]
    Delivery.objects.bulk_create(deliveries)
    wake_on_commit(tasks.wake_deliveries)
    return deliveries


def _place(engagement) -> dict:
    """Where the engagement stands by its row: the caller's object may be from before a move."""
    rows = Engagement.objects.filter(pk=engagement.pk)
    iteration, phase = rows.values_list("iteration", "phase").get()
    return {
        "engagement": {"id": str(engagement.pk), "name": engagement.name},
        "tenant": engagement.tenant.slug,
        "iteration": iteration,
        "phase": phase,
    }
