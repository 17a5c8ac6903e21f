"""Webhooks: what goes out, signed so that others verify it, retried under the same id."""

import json
import threading
from datetime import timedelta

import pytest
import standardwebhooks
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements import services as engagements
from engagements import timeline, waivers
from engagements.models import Delivery, DeliveryAttempt, Event, Webhook
from engagements.webhooks import events, sending, services
from engagements.webhooks.kinds import KINDS, TOLD_AS
from tests import factories
from tests.engagements.receiver import receiver

pytestmark = pytest.mark.django_db(transaction=True)  # other connections look for what is due


@pytest.fixture(autouse=True)
def _private_addresses(settings):
    settings.LEPTON_WEBHOOK_PRIVATE = True


@pytest.fixture
def server():
    with receiver() as server:
        yield server


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def webhook(acme, alice, server):
    return services.create_webhook(acme, url=server.url, events=list(KINDS), by=alice)


def _due_again(acme):
    """As if the wait for the next attempt were over."""
    with tenant_scope(acme):
        rows = Delivery.objects.filter(state="pending")
        rows.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_phase_move_arrives_signed_so_that_others_verify_it(
    acme, alice, mei, engagement, webhook, server, settings
):
    with tenant_scope(acme):
        factories.waive_gate(engagement, asking=alice, granting=mei)
        engagements.advance(engagement, to="fine_tuning", by=alice)
    sending.send_due()
    move = next(got for got in server.got if b"phase.moved" in got.body)
    verifier = standardwebhooks.Webhook(webhook.secret)
    told = verifier.verify(move.body, move.headers)
    assert told == json.loads(move.body) and set(told) == {"type", "timestamp", "data"}
    data = told["data"]
    assert data["engagement"] == {"id": str(engagement.pk), "name": engagement.name}
    assert (data["tenant"], data["iteration"], data["phase"]) == ("acme", 1, "fine_tuning")
    assert data["actor"] == "Alice" and data["text"].startswith("Alice moved the engagement")
    assert data["url"].startswith(settings.LEPTON_PUBLIC_URL + "/t/acme/e/")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier.verify(move.body + b" ", move.headers)


def test_only_what_a_webhook_wants_is_kept_and_only_by_active_ones(acme, alice, engagement, server):
    hook = services.create_webhook(acme, url=server.url, events=["verdict.given"], by=alice)
    with tenant_scope(acme):
        timeline.record(engagement, "requirement.written", by=alice, version=2)
        assert not Event.objects.exists()
        services.pause_webhook(hook, by=alice)
        assert events.emit(engagement, "verdict.given", {"text": "pass"}, by=alice) is None
        services.resume_webhook(hook, by=alice)
        assert events.emit(engagement, "verdict.given", {"text": "pass"}, by=alice)
        with pytest.raises(KeyError):
            events.emit(engagement, "nonsense", {}, by=alice)


def test_private_entries_and_private_fields_never_go_out(acme, alice, engagement, webhook):
    with tenant_scope(acme):
        entry = timeline.TimelineEntry(
            engagement=engagement, kind="requirement.written", is_private=True, actor_label="Mei"
        )
        events.entry_made(entry, by=alice)
        assert not Event.objects.exists()
        data = {"text": "ok", "params": {"budget_cents": 5, "version": 1}}
        event = events.emit(engagement, "run.failed", data, by=None)
        assert event.data["params"] == {"version": 1} and event.data["actor"] == "Lepton"


def test_every_timeline_kind_that_is_mapped_exists():
    assert set(TOLD_AS) <= set(timeline.SENTENCES) and set(TOLD_AS.values()) <= set(KINDS)


def test_a_failed_attempt_is_logged_and_tried_again_under_the_same_id(acme, alice, webhook, server):
    server.answers = [500, 302]
    server.headers = {"Location": server.url}
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
    for _attempt in range(3):
        assert sending.send_due() == 1
        assert not sending.is_due()
        _due_again(acme)
    assert len({got.headers["webhook-id"] for got in server.got}) == 1
    assert len({got.body for got in server.got}) == 1 and len(server.got) == 3
    with tenant_scope(acme):
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts) == ("delivered", 3)
        statuses = delivery.tries.values_list("number", "status_code", "words")
        assert list(statuses) == [(n, s, "thank you") for n, s in [(1, 500), (2, 302), (3, 200)]]


def test_after_ten_attempts_a_delivery_has_failed(acme, alice, webhook, server):
    server.answers = [503] * 20
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
    for _attempt in range(12):
        sending.send_due()
        _due_again(acme)
    with tenant_scope(acme):
        assert Delivery.objects.get().state == "failed"
    assert len(server.got) == sending.MOST_ATTEMPTS == 10


def test_the_waits_grow_as_the_documentation_says():
    for attempt, seconds in [(1, 5), (2, 300), (9, 86_400)]:
        assert seconds <= sending.wait_after(attempt).total_seconds() <= seconds * 1.1


def test_410_pauses_the_webhook(acme, alice, webhook, server):
    server.answers = [410]
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
    sending.send_due()
    with tenant_scope(acme):
        assert not Webhook.objects.get().is_active
        assert Delivery.objects.get().state == "failed"
        assert AuditEntry.objects.filter(verb="webhook.paused", actor_label="Lepton").exists()


def test_nobody_listening_is_an_attempt_without_a_status(acme, alice):
    hook = services.create_webhook(
        acme, url="http://localhost:1/", events=["phase.moved"], by=alice
    )
    with tenant_scope(acme):
        services.send_test(hook, by=alice)
    sending.send_due()
    with tenant_scope(acme):
        attempt = DeliveryAttempt.objects.get()
        assert attempt.status_code is None and "Connect" in attempt.words


def test_what_a_lost_worker_had_claimed_is_sent_by_another_one(acme, alice, webhook, server):
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
    assert sending.system.call("lepton_claim_delivery", 60.0)  # and then that worker dies
    assert sending.send_due() == 0
    with tenant_scope(acme):
        Delivery.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert sending.send_due() == 1
    with tenant_scope(acme):
        assert Delivery.objects.get().state == "delivered"


def test_workers_at_once_never_send_the_same_delivery_twice(acme, alice, webhook, server):
    server.hold = 0.05
    with tenant_scope(acme):
        for _number in range(6):
            services.send_test(webhook, by=alice)
    workers = [threading.Thread(target=_work) for _number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ids = [got.headers["webhook-id"] for got in server.got]
    assert len(ids) == len(set(ids)) == 6
    with tenant_scope(acme):
        assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 1)}


def _work():
    sending.send_due()
    connection.close()


def test_a_removed_webhook_is_told_nothing_and_its_log_stays(acme, alice, webhook, server):
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
        services.remove_webhook(webhook, by=alice)
    sending.send_due()
    assert server.got == []
    with tenant_scope(acme):
        assert Webhook.objects.get().removed_at and Delivery.objects.get().state == "failed"


def test_what_is_rolled_back_is_told_to_nobody(acme, alice, mei, engagement, webhook):
    with tenant_scope(acme):
        with transaction.atomic():
            waivers.request_waiver(engagement, "engagements.verdict", reason="No.", by=alice)
            assert Event.objects.exists()
            transaction.set_rollback(True)
        assert not Event.objects.exists()
