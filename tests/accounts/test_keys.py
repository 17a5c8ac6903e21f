"""API keys: shown once, refused when they should be, replaced with an overlap."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys, services, usage
from accounts.models import ApiKey
from accounts.scoping import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
CAMERA = {"name": "line 4 camera", "scopes": ["predict", "feedback"], "lifetime": "30"}
PROBLEM = "application/problem+json"


@pytest.fixture
def ask(client):
    """Send a request with a key: `ask(secret, "me")`."""

    def send(secret, path, method="get", **extra):
        headers = {"Authorization": f"Bearer {secret}"}
        return getattr(client, method)(f"/api/v1/{path}", headers=headers, **extra)

    return send


def test_a_key_is_shown_exactly_once(browse, alice):
    client = browse(alice)
    answer = client.post("/t/acme/keys/create/", CAMERA)
    [secret] = _keys_in(answer.text)
    assert keys.is_well_formed(secret)
    assert "no-store" in answer["Cache-Control"]
    assert not _keys_in(client.get("/t/acme/keys/").text)
    assert not _keys_in(client.get("/t/acme/audit/").text)


def test_a_key_lives_as_long_as_was_chosen(browse, alice, acme):
    browse(alice).post("/t/acme/keys/create/", CAMERA)
    with tenant_scope(acme):
        lifetime = ApiKey.objects.get().expires_at - timezone.now()
    assert timedelta(days=29) < lifetime <= timedelta(days=30)


def test_a_viewer_sees_the_keys_and_can_change_none(browse, acme, alice, bob):
    factories.api_key(acme, alice, "view")
    client = browse(bob)
    page = client.get("/t/acme/keys/").text
    assert "test client" in page and "Revoke" not in page
    with tenant_scope(acme):
        pk = ApiKey.objects.get().pk
    for address in ("create/", f"{pk}/revoke/", f"{pk}/rotate/"):
        assert client.post(f"/t/acme/keys/{address}", CAMERA).status_code == 403


def test_a_stranger_can_neither_see_nor_revoke_a_key(browse, acme, alice, carol):
    factories.api_key(acme, alice, "view")
    with tenant_scope(acme):
        pk = ApiKey.objects.get().pk
    client = browse(carol)
    assert client.get("/t/acme/keys/").status_code == 404
    assert client.post(f"/t/globex/keys/{pk}/revoke/").status_code == 404
    with tenant_scope(acme):
        assert ApiKey.objects.get().state == "active"


def test_a_key_needs_a_scope(browse, alice):
    answer = browse(alice).post("/t/acme/keys/create/", CAMERA | {"scopes": []})
    assert answer.status_code == 422
    assert "This field is required" in answer.text


def test_a_key_is_never_given_the_right_to_manage(acme, alice, browse):
    answer = browse(alice).post("/t/acme/keys/create/", CAMERA | {"scopes": ["manage"]})
    assert answer.status_code == 422


def test_nobody_gives_a_key_what_their_own_role_lacks(acme, alice, mei, browse):
    client = browse(mei)
    wanted = CAMERA | {"scopes": ["deploy"]}
    assert 'value="deploy"' not in client.get("/t/acme/keys/").text
    assert client.post("/t/acme/keys/create/", wanted).status_code == 422
    asked = {"name": "camera", "scopes": ["view", "deploy"]}
    answer = client.post("/api/v1/tenants/acme/keys", asked, content_type="application/json")
    assert answer.status_code == 400 and "deploy" in answer.json()["fields"]["scopes"][0]
    assert browse(alice).post("/t/acme/keys/create/", wanted).status_code == 200


def test_nobody_rotates_a_key_that_does_what_their_own_role_lacks(acme, alice, mei, browse):
    factories.api_key(acme, alice, "deploy")
    with tenant_scope(acme):
        pk = ApiKey.objects.get().pk
    page = browse(mei).post(f"/t/acme/keys/{pk}/rotate/", {"overlap": "24"}, follow=True).text
    assert "Your own role does not include: deploy." in page and not _keys_in(page)
    with tenant_scope(acme):
        assert ApiKey.objects.get().expires_at is None


def test_a_key_says_who_it_is(ask, acme, alice):
    answer = ask(factories.api_key(acme, alice, "view"), "me").json()
    assert answer["kind"] == "key" and answer["name"] == "test client"
    assert [tenant["slug"] for tenant in answer["tenants"]] == ["acme"]


def test_a_key_in_the_other_header_is_as_good(client, acme, alice):
    secret = factories.api_key(acme, alice, "view")
    assert client.get("/api/v1/me", headers={"X-API-Key": secret}).status_code == 200


@pytest.mark.parametrize("damage", ["typo", "unknown", "revoked", "expired"])
def test_a_bad_key_is_refused_with_its_reason(ask, acme, alice, damage):
    secret = factories.api_key(acme, alice, "view")
    with tenant_scope(acme):
        row = ApiKey.objects.get()
        if damage == "revoked":
            services.revoke_key(row, by=alice)
        if damage == "expired":
            ApiKey.objects.update(expires_at=timezone.now())
    given = {"typo": secret[:-1] + "~", "unknown": keys.generate()}.get(damage, secret)
    answer = ask(given, "tenants/acme/engagements")
    assert answer.status_code == 401
    assert answer["Content-Type"] == PROBLEM
    assert answer["WWW-Authenticate"] == "Bearer"
    reason = {"typo": "complete", "unknown": "not known", "revoked": "revoked"}
    assert reason.get(damage, "expired") in answer.json()["error"]


def test_no_key_at_all_is_refused(client, acme):
    answer = client.get("/api/v1/tenants/acme/engagements")
    assert answer.status_code == 401
    assert answer["Content-Type"] == PROBLEM


def test_a_foreign_key_finds_nothing(ask, acme, carol, mei):
    from accounts import system

    [globex] = system.tenants_of(carol)
    answer = ask(factories.api_key(globex, carol, "view"), "tenants/acme/engagements")
    assert answer.status_code == 404
    assert answer["Content-Type"] == PROBLEM


def test_a_key_without_the_scope_is_told_which(ask, acme, alice):
    answer = ask(factories.api_key(acme, alice, "predict"), "tenants/acme/engagements")
    assert answer.status_code == 403
    assert "view" in answer.json()["error"]


def test_a_key_cannot_make_keys(ask, acme, alice):
    secret = factories.api_key(acme, alice, "view", "data", "run", "deploy")
    answer = ask(
        secret,
        "tenants/acme/keys",
        "post",
        data={"name": "another", "scopes": ["view"]},
        content_type="application/json",
    )
    assert answer.status_code == 403


def test_a_rotated_key_works_until_the_chosen_time(ask, browse, acme, alice):
    old = factories.api_key(acme, alice, "view", "predict")
    with tenant_scope(acme):
        pk = ApiKey.objects.get().pk
    page = browse(alice).post(f"/t/acme/keys/{pk}/rotate/", {"overlap": "24"}).text
    [new] = _keys_in(page)
    assert ask(old, "me").status_code == ask(new, "me").status_code == 200
    with tenant_scope(acme):
        row = ApiKey.objects.get(pk=pk)
        assert timedelta(hours=23) < row.expires_at - timezone.now() <= timedelta(hours=24)
        fresh = ApiKey.objects.exclude(pk=pk).get()
        assert fresh.scopes == row.scopes and fresh.expires_at is None
        ApiKey.objects.filter(pk=pk).update(expires_at=timezone.now())
    assert ask(old, "me").status_code == 401
    assert ask(new, "me").status_code == 200


def test_rotation_never_makes_a_key_live_longer(acme, alice):
    soon = timezone.now() + timedelta(hours=1)
    with tenant_scope(acme):
        row, _secret = services.create_key("short", scopes=["view"], by=alice, expires_at=soon)
        services.rotate_key(row, by=alice, until=soon + timedelta(days=7))
        assert ApiKey.objects.get(pk=row.pk).expires_at == soon


def test_a_key_that_lasts_as_long_as_the_calendar_is_rotated(browse, acme, alice):
    client = browse(alice)
    wanted = {"name": "camera", "scopes": ["view"], "expires_at": "9999-12-31T23:59:59Z"}
    made = client.post("/api/v1/tenants/acme/keys", wanted, content_type="application/json").json()
    until = {"old_works_until": "2099-01-01T00:00:00Z"}
    address = f"/api/v1/tenants/acme/keys/{made['id']}/rotate"
    answer = client.post(address, until, content_type="application/json")
    assert answer.status_code == 201 and answer.json()["expires_at"].startswith("9999-12-31")
    assert client.get("/t/acme/keys/").status_code == 200


def test_the_last_use_is_noted_at_most_once_a_minute(
    ask, acme, alice, django_assert_max_num_queries
):
    usage._noted.clear()
    secret = factories.api_key(acme, alice, "view")
    ask(secret, "me")
    with tenant_scope(acme):
        first = ApiKey.objects.get().last_used_at
    assert first
    with django_assert_max_num_queries(1):
        ask(secret, "me")
    with tenant_scope(acme):
        assert ApiKey.objects.get().last_used_at == first


def _keys_in(text):
    return re.findall(r"\blep_\w{46}\b", text)
