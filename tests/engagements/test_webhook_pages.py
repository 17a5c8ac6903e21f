"""Webhooks through pages and API: who may do what, which addresses are refused, the log."""

import socket
from datetime import timedelta

import pytest
import standardwebhooks
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements.models import Delivery, Webhook
from engagements.webhooks import sending, services
from lepton.lib import addresses
from tests.engagements.receiver import receiver

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/v1/tenants/acme/webhooks"
PAGE = "/t/acme/webhooks/"
PRIVATE = [
    "https://127.0.0.1/",
    "https://10.0.0.1/",
    "https://172.16.0.9/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]/",
    "https://[::]/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://localhost/",
]
# URL fields refuse these already; the service has to do so by itself.
ODD = ["https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://017700000001/"]


@pytest.fixture
def server(settings):
    settings.LEPTON_WEBHOOK_PRIVATE = True
    with receiver() as server:
        yield server


@pytest.fixture
def webhook(acme, alice, server):
    return services.create_webhook(acme, url=server.url, events=["phase.moved"], by=alice)


def _create(client, url, **more):
    body = {"url": url, "events": ["phase.moved"]} | more
    return client.post(API, body, content_type="application/json")


@pytest.mark.parametrize("url", PRIVATE)
def test_a_private_address_is_refused_on_its_field(alice, browse, url):
    answer = _create(browse(alice), url)
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["url"], answer.json()
    page = browse(alice).post(f"{PAGE}create/", {"url": url, "events": ["phase.moved"]})
    assert page.status_code == 422 and "private or reserved network" in page.text


@pytest.mark.parametrize("url", ODD)
def test_other_ways_to_write_a_private_address_are_refused_too(acme, alice, browse, url):
    assert _create(browse(alice), url).status_code == 400
    with pytest.raises(services.ValidationError, match="private or reserved"):
        services.create_webhook(acme, url=url, events=["phase.moved"], by=alice)


def test_plain_http_names_in_the_address_and_unknown_hosts_are_refused(alice, browse):
    for url, word in [
        ("http://8.8.8.8/", "https://"),
        ("https://me:secret@8.8.8.8/", "name and password"),
        ("https://nowhere.invalid/", "nowhere.invalid"),
    ]:
        answer = _create(browse(alice), url)
        assert answer.status_code == 400 and word in answer.json()["fields"]["url"][0]


def test_public_addresses_are_told_from_others():
    assert all(addresses.is_public(ip) for ip in ("8.8.8.8", "2606:4700:4700::1111"))
    assert not any(addresses.is_public(ip) for ip in ("2002:a00:1::", "240.0.0.1", "ff02::1"))


def test_a_name_that_has_moved_inside_is_not_called(acme, alice, webhook, server, settings):
    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
        Webhook.objects.update(url=server.url.replace("http:", "https:"))
    settings.LEPTON_WEBHOOK_PRIVATE = False
    sending.send_due()
    with tenant_scope(acme):
        attempt = Delivery.objects.get().tries.get()
    assert attempt.status_code is None and "private or reserved" in attempt.words
    assert server.got == []


def test_the_checked_address_is_the_one_that_is_called(acme, alice, webhook, server, monkeypatch):
    """The name answers once with our server and would lead elsewhere the second time."""
    port, asked = server.server_port, []

    def rebinding(host, *arguments, **options):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    with tenant_scope(acme):
        services.send_test(webhook, by=alice)
        Webhook.objects.update(url=f"http://hooks.example:{port}/hook")
    monkeypatch.setattr(addresses.socket, "getaddrinfo", rebinding)
    sending.send_due()
    monkeypatch.undo()
    assert [got.headers["Host"] for got in server.got] == [f"hooks.example:{port}"]
    assert asked.count("hooks.example") == 1


def test_the_secret_is_shown_once(acme, alice, bob, browse, server):
    form = {"url": server.url, "description": "ERP", "events": ["phase.moved", "run.failed"]}
    made = browse(alice).post(f"{PAGE}create/", form)
    with tenant_scope(acme):
        webhook = Webhook.objects.get()
    assert made.status_code == 200 and webhook.secret in made.text
    assert made["Cache-Control"].startswith("max-age=0")
    for person in (alice, bob):
        client = browse(person)
        pages = [client.get(PAGE), client.get(f"{PAGE}{webhook.pk}/")]
        pages += [client.get(API), client.get(f"{API}/{webhook.pk}")]
        pages += [client.get(f"{API}/{webhook.pk}/deliveries")]
        assert {page.status_code for page in pages} == {200}
        assert not any(webhook.secret in page.text for page in pages)
    turned = browse(alice).post(f"{PAGE}{webhook.pk}/rotate/", {"overlap": "0"})
    old = webhook.secret
    with tenant_scope(acme):
        webhook.refresh_from_db()
    assert webhook.secret != old and webhook.secret in turned.text
    with tenant_scope(acme):
        assert not AuditEntry.objects.filter(detail__icontains="whsec_").exists()


def test_a_viewer_changes_nothing_and_a_stranger_finds_nothing(bob, carol, browse, webhook):
    api = f"{API}/{webhook.pk}"
    for person, status in ((bob, 403), (carol, 404)):
        client = browse(person)
        assert _create(client, "https://8.8.8.8/").status_code == status
        assert client.patch(api, {}, content_type="application/json").status_code == status
        assert client.delete(api).status_code == status
        for verb in ("rotate", "test", "pause", "resume", "remove", "change"):
            assert client.post(f"{PAGE}{webhook.pk}/{verb}/").status_code == status
    assert browse(carol).get(PAGE).status_code == 404
    assert browse(carol).get(f"{api}/deliveries").status_code == 404
    assert "send a test event" not in browse(bob).get(f"{PAGE}{webhook.pk}/").text.lower().replace(
        "send a test event to see", ""
    )


def test_a_delivery_is_seen_in_the_log_and_replayed_under_its_id(alice, browse, webhook, server):
    client = browse(alice)
    assert client.post(f"{PAGE}{webhook.pk}/test/").status_code == 302
    sending.send_due()
    (logged,) = client.get(f"{API}/{webhook.pk}/deliveries").json()["results"]
    assert logged["state"] == "delivered" and logged["payload"]["type"] == "webhook.test"
    assert [one["status_code"] for one in logged["tries"]] == [200]
    page = client.get(f"{PAGE}{webhook.pk}/").text
    assert "thank you" in page and logged["webhook_id"] in page and "Send again" in page
    assert client.post(f"{API}/{webhook.pk}/deliveries/{logged['id']}/replay").status_code == 200
    client.post(f"{PAGE}{webhook.pk}/deliveries/{logged['id']}/replay/")
    sending.send_due()
    assert {got.headers["webhook-id"] for got in server.got} == {logged["webhook_id"]}
    assert len(server.got) == 2
    fragment = client.get(f"{PAGE}{webhook.pk}/", headers={"HX-Request": "true"})
    assert fragment.text.lstrip().startswith("<section") and "<html" not in fragment.text


def test_a_delivery_that_is_being_sent_is_not_replayed(acme, alice, browse, webhook):
    with tenant_scope(acme):
        delivery = services.send_test(webhook, by=alice)
    assert sending.system.call("lepton_claim_delivery", 60.0)
    answer = browse(alice).post(f"{API}/{webhook.pk}/deliveries/{delivery.pk}/replay")
    assert answer.status_code == 409 and "right now" in answer.json()["error"]


def test_pausing_changing_and_removing(acme, alice, browse, webhook, server):
    client, api = browse(alice), f"{API}/{webhook.pk}"
    client.post(f"{PAGE}{webhook.pk}/pause/")
    assert client.post(f"{api}/test").status_code == 409
    changes = {"is_active": True, "events": ["run.failed"], "url": f"{server.url}/2"}
    changed = client.patch(api, changes, content_type="application/json").json()
    assert changed["is_active"] and changed["events"] == ["run.failed"]
    assert changed["url"].endswith("/2")
    bad = client.patch(api, {"events": ["nonsense"]}, content_type="application/json")
    assert bad.status_code == 400
    form = {"url": server.url, "description": "ERP", "events": ["phase.moved"]}
    assert client.post(f"{PAGE}{webhook.pk}/change/", form).status_code == 302
    assert client.delete(api).status_code == 204
    assert client.get(api).status_code == 404 and client.get(API).json()["results"] == []
    with tenant_scope(acme):
        verbs = list(AuditEntry.objects.filter(verb__startswith="webhook").values_list("verb"))
        assert Webhook.objects.get().removed_at
    said = {verb for (verb,) in verbs}
    assert said >= {f"webhook.{v}" for v in ("created", "paused", "resumed", "changed", "removed")}


def _verified(secret, got) -> bool:
    try:
        return bool(standardwebhooks.Webhook(secret).verify(got.body, got.headers))
    except standardwebhooks.WebhookVerificationError:
        return False


def test_both_secrets_sign_until_the_old_one_stops(acme, alice, browse, webhook, server):
    client, old = browse(alice), webhook.secret
    page = client.post(f"{PAGE}{webhook.pk}/rotate/", {"overlap": "24"})
    assert "The secret before signs too until" in page.text and old not in page.text
    with tenant_scope(acme):
        webhook.refresh_from_db()
    client.post(f"{PAGE}{webhook.pk}/test/")
    sending.send_due()
    assert _verified(old, server.got[0]) and _verified(webhook.secret, server.got[0])
    with tenant_scope(acme):
        over = timezone.now() - timedelta(seconds=1)
        Webhook.objects.filter(pk=webhook.pk).update(old_secret_until=over)
    client.post(f"{PAGE}{webhook.pk}/test/")
    sending.send_due()
    assert not _verified(old, server.got[1]) and _verified(webhook.secret, server.got[1])
    assert "The secret before signs too until" not in client.get(f"{PAGE}{webhook.pk}/").text


def test_by_api_the_old_secret_signs_for_a_day_unless_told_otherwise(
    acme, alice, browse, webhook, server
):
    client, old = browse(alice), webhook.secret
    at_once = {"old_works_until": timezone.now().isoformat()}
    for body, still in (({}, True), (at_once, False)):
        asked = client.post(f"{API}/{webhook.pk}/rotate", body, content_type="application/json")
        client.post(f"{PAGE}{webhook.pk}/test/")
        sending.send_due()
        assert _verified(old, server.got[-1]) is still
        old = asked.json()["secret"]
        assert _verified(old, server.got[-1])
    wrong = client.post(
        f"{API}/{webhook.pk}/rotate", {"old_works_until": "soon"}, content_type="application/json"
    )
    assert wrong.status_code == 400 and "old_works_until" in wrong.text
