"""API of tenants, members, keys and audit entries."""

import re
from datetime import UTC, datetime

import pytest

from accounts import audit, chain
from accounts.models import AuditEntry, Membership
from accounts.scoping import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
API = "/api/v1/tenants/acme"
DAVE = {"name": "Dave", "email": "dave@acme.example", "role": "editor"}


def test_a_person_reads_who_they_are(browse, alice):
    answer = browse(alice).get("/api/v1/me").json()
    assert answer["kind"] == "person" and answer["email"] == alice.email
    assert answer["tenants"] == [{"slug": "acme", "name": "Acme Castings", "role": "owner"}]


def test_only_staff_open_tenants(browse, mei, alice):
    new = {"slug": "nordwerk", "name": "Nordwerk"}
    assert _send(browse(alice), "post", "/api/v1/tenants", new).status_code == 403
    assert _send(browse(mei), "post", "/api/v1/tenants", new).status_code == 201
    again = _send(browse(mei), "post", "/api/v1/tenants", new)
    assert again.status_code == 400 and "is taken" in again.json()["fields"]["slug"][0]


def test_a_member_is_invited_changed_and_removed(browse, alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    client = browse(alice)
    made = _send(client, "post", f"{API}/members", DAVE)
    assert made.status_code == 201 and "/password/reset/key/" in made.json()["invitation_link"]
    address = f"{API}/members/{made.json()['id']}"
    assert _send(client, "patch", address, {"role": "viewer"}).json()["role"] == "viewer"
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404
    assert [m["name"] for m in client.get(f"{API}/members").json()["results"]] == ["Alice"]


def test_who_has_no_password_yet_is_invited_again(browse, alice, bob, acme, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    client = browse(alice)
    made = _send(client, "post", f"{API}/members", DAVE).json()
    again = _send(client, "post", f"{API}/members/{made['id']}/invite")
    assert again.status_code == 200 and "no-store" in again["Cache-Control"]
    assert "/password/reset/key/" in again.json()["invitation_link"]
    assert again.json()["invitation_link"] != made["invitation_link"]
    with tenant_scope(acme):
        pk = Membership.objects.get(user=bob).pk
    refused = _send(client, "post", f"{API}/members/{pk}/invite")
    assert refused.status_code == 400 and "a password already" in refused.json()["error"]


def test_the_last_owner_stays(browse, alice, acme):
    with tenant_scope(acme):
        pk = Membership.objects.get(user=alice).pk
    answer = browse(alice).delete(f"{API}/members/{pk}")
    assert answer.status_code == 400
    assert "A tenant needs an owner" in answer.json()["error"]


def test_unknown_fields_are_named(browse, alice):
    answer = _send(browse(alice), "post", f"{API}/members", DAVE | {"rolle": "owner"})
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["rolle"]


def test_a_viewer_manages_nobody(browse, bob):
    client = browse(bob)
    assert client.get(f"{API}/members").status_code == 200
    assert _send(client, "post", f"{API}/members", DAVE).status_code == 403


def test_a_key_is_in_the_answer_that_made_it_and_in_no_other(browse, alice):
    client = browse(alice)
    made = _send(client, "post", f"{API}/keys", {"name": "camera", "scopes": ["predict"]})
    assert made.status_code == 201 and made.json()["key"].startswith("lep_")
    assert "no-store" in made["Cache-Control"]
    [listed] = client.get(f"{API}/keys").json()["results"]
    assert listed["id"] == made.json()["id"] and "key" not in listed


def test_a_key_is_rotated_and_revoked(browse, alice):
    client = browse(alice)
    old = _send(client, "post", f"{API}/keys", {"name": "camera", "scopes": ["view"]}).json()
    until = {"old_works_until": "2099-01-01T00:00:00Z"}
    new = _send(client, "post", f"{API}/keys/{old['id']}/rotate", until)
    assert new.status_code == 201 and new.json()["scopes"] == ["view"]
    revoked = _send(client, "post", f"{API}/keys/{old['id']}/revoke")
    assert revoked.json()["state"] == "revoked"
    again = _send(client, "post", f"{API}/keys/{old['id']}/rotate", until)
    assert again.status_code == 400


def test_an_expiry_in_the_past_is_refused(browse, alice):
    wanted = {"name": "camera", "scopes": ["view"], "expires_at": "2020-01-01T00:00:00Z"}
    answer = _send(browse(alice), "post", f"{API}/keys", wanted)
    assert answer.status_code == 400 and "past" in answer.json()["fields"]["expires_at"][0]


def test_the_audit_list_is_narrowed(browse, alice, acme):
    factories.api_key(acme, alice, "view")
    client = browse(alice)
    entries = client.get(f"{API}/audit?verb=key.created").json()["results"]
    assert [(e["actor"], e["subject_label"]) for e in entries] == [("Alice", "test client")]
    assert client.get(f"{API}/audit?who=mei").json()["results"][0]["verb"] == "tenant.created"
    assert client.get(f"{API}/audit?day=nonsense").status_code == 400
    assert client.get(f"{API}/audit?wer=mei").json()["fields"]["wer"]


@pytest.mark.parametrize("cursor", ["nonsense", "cD1mb28=", "cD0w"])
def test_a_cursor_nobody_gave_out_finds_nothing(browse, alice, acme, cursor):
    client = browse(alice)
    assert client.get(f"/t/acme/audit/?cursor={cursor}").status_code == 404
    assert client.get(f"{API}/audit?cursor={cursor}").status_code in (400, 404)


def test_the_audit_page_is_narrowed_too(browse, alice, acme):
    factories.api_key(acme, alice, "view")
    page = browse(alice).get("/t/acme/audit/?verb=key.created", headers={"HX-Request": "true"}).text
    assert "test client" in page and "Acme Castings" not in page


def test_a_day_of_the_audit_is_one_of_the_readers_own_clock(browse, alice, acme):
    at, note = datetime(2026, 7, 1, 22, 30, tzinfo=UTC), {"note": "late that evening"}
    with tenant_scope(acme):
        chain.append(AuditEntry(at=at, user=alice, verb="key.created", detail=note))
    client = browse(alice)
    for day, zone, is_found in [
        ("2026-07-01", "", True),
        ("2026-07-01", "Asia/Shanghai", False),
        ("2026-07-02", "Asia/Shanghai", True),
        ("2026-07-01", "America/Lima", True),
        ("2026-07-01", "Mars/Olympus", True),
        ("9999-12-31", "America/Lima", False),
        ("0001-01-01", "Asia/Shanghai", False),
    ]:
        page = client.get("/t/acme/audit/", {"day": day, "zone": zone})
        assert page.status_code == 200
        assert ("late that evening" in page.text) == is_found, (day, zone)
    assert re.search(r'<input[^>]* name="zone"[^>]* data-zone', page.text)
    assert "js/zone" in page.text
    [entry] = client.get(f"{API}/audit?day=2026-07-01").json()["results"]
    assert entry["detail"] == {"note": "late that evening"}


def test_the_audit_page_shows_the_beginning_of_a_hash_and_has_all_of_it(browse, alice, acme):
    whole = "0123456789abcdef" * 4
    with tenant_scope(acme):
        audit.record("key.created", acme, by=alice, sha256=whole, note="<b>")
    page = browse(alice).get("/t/acme/audit/").text
    assert f'<code title="{whole}">0123456789ab…</code>' in page
    assert "&lt;b&gt;" in page and "<b>" not in page


def _send(client, method, address, data=None):
    return getattr(client, method)(address, data or {}, content_type="application/json")
