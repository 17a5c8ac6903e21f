"""Invitations: a link that works once, ends, and is shown to nobody who should not have it."""

import re
from datetime import datetime, timedelta

import pytest
from allauth.account.forms import default_token_generator
from django.core import mail

from accounts import invitations, mails, services
from accounts.models import Membership, User
from accounts.scoping import tenant_scope

pytestmark = pytest.mark.django_db
CONSOLE = "django.core.mail.backends.console.EmailBackend"
DAVE = {"name": "Dave", "email": "dave@acme.example", "role": "viewer"}
PASSWORD = {"password1": "a good long password", "password2": "a good long password"}


def test_the_invited_get_a_mail_with_the_link_and_the_inviter_does_not(
    browse, alice, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        page = browse(alice).post("/t/acme/members/add/", DAVE).text
    [message] = mail.outbox
    assert message.to == ["dave@acme.example"]
    assert "Acme Castings" in message.subject
    assert _link(message.body) and not _link(page)


def test_without_mail_the_inviter_passes_the_link_on(browse, alice, settings):
    settings.EMAIL_BACKEND = CONSOLE
    client = browse(alice)
    assert _link(client.post("/t/acme/members/add/", DAVE).text)
    assert not _link(client.get("/t/acme/members/").text)


def test_with_the_link_one_chooses_a_password_and_is_in(browse, alice, settings):
    settings.EMAIL_BACKEND = CONSOLE
    link = _link(browse(alice).post("/t/acme/members/add/", DAVE).text)
    dave = browse()
    assert _choose(dave, link).redirect_chain[-1][0] == "/t/acme/"
    dave.logout()
    sign_in = {"login": DAVE["email"], "password": PASSWORD["password1"]}
    assert dave.post("/account/login/", sign_in, follow=True).request["PATH_INFO"] == "/t/acme/"


def test_the_link_works_once(browse, alice, settings):
    settings.EMAIL_BACKEND = CONSOLE
    link = _link(browse(alice).post("/t/acme/members/add/", DAVE).text)
    _choose(browse(), link)
    assert not _choose(browse(), link).wsgi_request.user.is_authenticated


def test_the_link_ends(browse, alice, settings, monkeypatch):
    settings.EMAIL_BACKEND = CONSOLE
    link = _link(browse(alice).post("/t/acme/members/add/", DAVE).text)
    later = datetime.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)  # noqa: DTZ005
    monkeypatch.setattr(type(default_token_generator), "_now", lambda self: later)
    assert not _choose(browse(), link).wsgi_request.user.is_authenticated
    assert User.objects.get(email=DAVE["email"]).is_invited


def test_a_new_link_ends_the_old_one(browse, alice, acme, settings):
    settings.EMAIL_BACKEND = CONSOLE
    client = browse(alice)
    old = _link(client.post("/t/acme/members/add/", DAVE).text)
    with tenant_scope(acme):
        pk = Membership.objects.get(user__email=DAVE["email"]).pk
    new = _link(client.post(f"/t/acme/members/{pk}/invite/").text)
    assert not _choose(browse(), old).wsgi_request.user.is_authenticated
    assert _choose(browse(), new).wsgi_request.user.is_authenticated


def test_who_has_a_password_gets_no_link(browse, alice, carol, settings):
    settings.EMAIL_BACKEND = CONSOLE
    page = browse(alice).post("/t/acme/members/add/", DAVE | {"email": carol.email}).text
    assert not _link(page)
    assert "with the password they have" in page


def test_an_owner_never_sees_a_link_into_another_tenant(acme, alice, carol, settings):
    settings.EMAIL_BACKEND = CONSOLE
    with tenant_scope(acme):
        first = invitations.invite(**DAVE, by=alice)
    globex = _tenant_of(carol)
    with tenant_scope(globex):
        second = invitations.invite(**DAVE, by=carol)
    assert first.link and not second.link


def test_an_earlier_inviter_cannot_use_their_link_once_another_tenant_invites(
    browse, acme, alice, carol, settings
):
    settings.EMAIL_BACKEND = CONSOLE
    with tenant_scope(acme):
        first = invitations.invite(**DAVE, by=alice)
    with tenant_scope(_tenant_of(carol)):
        invitations.invite(**DAVE, by=carol)
    assert not _choose(browse(), first.link).wsgi_request.user.is_authenticated


def test_a_mail_server_that_is_away_loses_no_member(
    acme, alice, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(mails.EmailMessage, "send", refuse)
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(acme):
        invitations.invite(**DAVE, by=alice)
    with tenant_scope(acme):
        assert Membership.objects.filter(user__email=DAVE["email"]).exists()
    assert "Could not send a mail" in caplog.text


def test_members_made_with_a_password_are_not_invited(acme, alice):
    with tenant_scope(acme):
        made = services.add_member(
            "eve@acme.example", name="Eve", role="viewer", by=alice, password="a password of hers"
        )
        assert not made.user.is_invited


def _link(text):
    found = re.search(r"http://\S+/account/password/reset/key/[\w-]+/", text)
    return found and found.group()


def _choose(client, link):
    """Follow a link as the invited do and choose a password; returns the page one ends on."""
    page = client.get(link, follow=True)
    return client.post(page.request["PATH_INFO"], PASSWORD, follow=True)


def _tenant_of(user):
    from accounts import system

    return system.tenants_of(user)[0]
