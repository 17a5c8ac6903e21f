"""Signing in and out, and the account pages people reach from their menu."""

import re

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core import mail

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_member_signs_in_and_is_where_they_work(client, alice):
    answer = _sign_in(client, alice)
    assert answer.redirect_chain[-1][0] == "/t/acme/"


def test_staff_sign_in_to_the_board(client, mei):
    assert _sign_in(client, mei).redirect_chain[-1][0] == "/board/"


def test_a_wrong_password_says_no_more_than_that(client, alice):
    answer = client.post("/account/login/", {"login": alice.email, "password": "wrong"})
    stranger = client.post("/account/login/", {"login": "no@one.example", "password": "wrong"})
    words = "The email address and/or password you specified are not correct."
    assert words in answer.text and words in stranger.text


def test_looking_at_the_sign_out_page_signs_nobody_out(browse, alice):
    client = browse(alice)
    client.get("/account/logout/")
    assert client.get("/t/acme/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/t/acme/").status_code == 302


def test_nobody_signs_up_by_themselves(client, db):
    page = client.get("/account/signup/")
    assert "<form" not in page.text or "password1" not in page.text
    client.post("/account/signup/", {"email": "eve@evil.example", "password1": PASSWORD})
    assert not _sign_in_by(client, "eve@evil.example").wsgi_request.user.is_authenticated


def test_a_member_changes_their_password(browse, alice, client):
    new = "another long password"
    passwords = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browse(alice).post("/account/password/change/", passwords)
    assert not _sign_in(client, alice).wsgi_request.user.is_authenticated
    assert _sign_in_by(client, alice.email, new).wsgi_request.user.is_authenticated


def test_a_forgotten_password_is_replaced_by_mail(client, alice):
    client.post("/account/password/reset/", {"email": alice.email})
    [message] = mail.outbox
    link = re.search(r"/account/password/reset/key/\S+", message.body).group()
    page = client.get(link, follow=True)
    new = {"password1": "a new long password", "password2": "a new long password"}
    client.post(page.request["PATH_INFO"], new)
    client.logout()
    signed_in = _sign_in_by(client, alice.email, "a new long password")
    assert signed_in.wsgi_request.user.is_authenticated


def test_the_menu_leads_to_the_account_pages(browse, alice):
    client = browse(alice)
    menu = client.get("/t/acme/").text
    for address in ("/account/password/change/", "/account/2fa/"):
        assert f'href="{address}"' in menu
        assert client.get(address, follow=True).status_code == 200
    assert 'action="/account/logout/"' in menu


def test_nobody_sees_a_page_without_signing_in(client, acme):
    for address in ("/", "/board/", "/t/acme/", "/t/acme/keys/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/login/")


def _sign_in(client, user):
    return _sign_in_by(client, user.email)


def _sign_in_by(client, email, password=PASSWORD):
    return client.post("/account/login/", {"login": email, "password": password}, follow=True)


def test_nobody_takes_an_address_that_is_not_theirs(browse, alice):
    new = {"action_add": "", "email": "owner@another.example"}
    assert browse(alice).post("/account/email/", new).status_code == 404
    alice.refresh_from_db()
    assert alice.email == "alice@acme.example"


def test_a_member_turns_two_factor_sign_in_on(browse, alice, client):
    signed_in, address = browse(alice), "/account/2fa/totp/activate/"
    page = signed_in.get(address, follow=True)
    if "reauthenticate" in page.request["PATH_INFO"]:
        signed_in.post(page.request["PATH_INFO"], {"password": PASSWORD})
        page = signed_in.get(address)
    secret = page.context["form"].secret
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    signed_in.post(address, {"code": code})
    asked = _sign_in(client, alice)
    assert asked.request["PATH_INFO"] == "/account/2fa/authenticate/"
    assert client.get("/t/acme/").status_code == 302
