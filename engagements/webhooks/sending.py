"""The sender: claims one delivery at a time, posts it outside any transaction, notes the answer."""

import json
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, system
from accounts.scoping import tenant_scope
from engagements.models import Delivery, DeliveryAttempt
from lepton.lib import live, outbound, standard_webhooks

CLAIM_SECONDS = 120.0  # longer than looking up a name and an answer may take together
AT_A_TIME_SECONDS = 30.0  # then the worker is free for others
WAITS = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]  # seconds after each attempt
MOST_ATTEMPTS = len(WAITS) + 1
GONE = 410


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery, once; `attempt` fences it."""

    delivery_id: object
    tenant_id: object
    attempt: int


@dataclass(frozen=True)
class Letter:
    """What goes out, taken from the rows before the connection is opened."""

    url: str
    body: bytes
    headers: dict


def is_due() -> bool:
    """Whether a delivery of any tenant waits for a worker."""
    return system.call("lepton_deliveries_due")[0][0]


def send_due() -> int:
    """Send what is due until nothing is or the time is over; return how many were sent."""
    until, sent = time.monotonic() + AT_A_TIME_SECONDS, 0
    while time.monotonic() < until:
        claimed = system.call("lepton_claim_delivery", CLAIM_SECONDS)
        if not claimed:
            return sent
        deliver(Claim(*claimed[0]))
        sent += 1
    return sent


def deliver(claim: Claim) -> None:
    """Post what was claimed and note what came of it."""
    with tenant_scope(claim.tenant_id):
        delivery = _rows(claim).first()
        letter = delivery and _letter(delivery)
    if letter is None:
        answer = outbound.Answer(None, _("The webhook is paused or was removed."), 0)
    else:
        answer = outbound.post(letter.url, body=letter.body, headers=letter.headers)
    if delivery:
        with tenant_scope(claim.tenant_id):
            _note(claim, delivery, answer, give_up=letter is None)


def payload(event) -> dict:
    """What a webhook is told of an event, the same at each attempt."""
    return {"type": event.kind, "timestamp": event.at.isoformat(), "data": event.data}


def wait_after(attempt: int) -> timedelta:
    """How long to wait after a failed attempt: up to a tenth longer, so that they spread."""
    seconds = WAITS[min(attempt, len(WAITS)) - 1]
    return timedelta(seconds=seconds * random.uniform(1, 1.1))


def _rows(claim):
    rows = Delivery.objects.select_related("webhook", "event")
    return rows.filter(pk=claim.delivery_id, attempts=claim.attempt, state=Delivery.State.PENDING)


def _letter(delivery):
    """The signed letter of a delivery, or None where its webhook takes nothing any more."""
    webhook, event = delivery.webhook, delivery.event
    if not webhook.is_active:
        return None
    body = json.dumps(payload(event), separators=(",", ":"), ensure_ascii=False).encode()
    now = timezone.now()
    signers = webhook.secrets_at(now)
    signed = standard_webhooks.headers(signers, event.message_id, int(now.timestamp()), body)
    headers = {"Content-Type": "application/json", "User-Agent": "Lepton-Webhooks/1", **signed}
    return Letter(webhook.url, body, headers)


def _note(claim, delivery, answer, *, give_up):
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=claim.attempt,
        status_code=answer.status,
        words=answer.words[:500],
        duration_ms=answer.duration_ms,
    )
    over = give_up or answer.status == GONE or claim.attempt >= MOST_ATTEMPTS
    _rows(claim).update(claimed_until=None, **_what_next(answer, claim.attempt, over=over))
    webhook = delivery.webhook
    live.look_again(claim.tenant_id, webhook.topic)
    if answer.status == GONE and webhook.stop():
        audit.record("webhook.paused", webhook, by=None, reason="410 Gone")


def _what_next(answer, attempt, *, over) -> dict:
    if answer.status and 200 <= answer.status < 300:
        return {"state": Delivery.State.DELIVERED, "delivered_at": timezone.now()}
    if over:
        return {"state": Delivery.State.FAILED}
    return {"next_attempt_at": timezone.now() + wait_after(attempt)}
