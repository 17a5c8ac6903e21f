"""Links in mails: one person, one page, once, for a while; scanners change nothing."""

import threading
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import links, services
from accounts.models import AuditEntry, EmailLink, Membership
from accounts.scoping import tenant_scope

pytestmark = pytest.mark.django_db
SIGN_IN = "/account/login/?next=%2Ft%2Facme%2F"


@pytest.fixture
def link(acme, alice):
    """The path of a link that lets Alice in at her tenant's page."""
    return made(acme, alice)


def made(tenant, user, path="/t/acme/"):
    with tenant_scope(tenant):
        return urlsplit(links.make(user, links.Purpose.SIGN, path, hours=2)).path


def test_the_button_lets_the_person_in_where_the_mail_said(browse, acme, link):
    client = browse()
    page = client.get(link)
    assert page.status_code == 200 and "Continue as Alice" in page.text
    assert "no-store" in page["Cache-Control"]
    answer = client.post(link)
    assert (answer.status_code, answer["Location"]) == (302, "/t/acme/")
    assert client.get("/t/acme/").status_code == 200
    with tenant_scope(acme):
        assert AuditEntry.objects.get(verb="link.used").actor_label == "Alice"


def test_a_scanner_that_opens_it_many_times_uses_nothing_up(browse, link):
    for _time in range(3):
        assert browse().get(link).status_code == 200
        assert browse().head(link).status_code == 200
    assert browse().post(link)["Location"] == "/t/acme/"


def test_it_works_once(browse, link):
    browse().post(link)
    for answer in (browse().get(link), browse().post(link)):
        assert answer.status_code == 410
        assert "used already" in answer.text and "/account/login/" in answer.text
        assert not answer.wsgi_request.user.is_authenticated


def test_it_expires(browse, acme, link):
    with tenant_scope(acme):
        EmailLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for answer in (browse().get(link), browse().post(link)):
        assert answer.status_code == 410 and "expired" in answer.text


def test_one_that_was_never_made_is_not_known(browse, link):
    for answer in (browse().get(link[:-2] + "/"), browse().post("/link/guess/")):
        assert answer.status_code == 404 and "/account/login/" in answer.text


def test_its_token_is_kept_only_hashed(acme, link):
    token = link.split("/")[2]
    assert len(token) >= 43  # 256 bits in base 64
    with tenant_scope(acme):
        kept = EmailLink.objects.get()
    assert len(kept.token_sha256) == 64 and token not in str(kept.__dict__)


def test_a_deactivated_person_has_to_sign_in_and_cannot(browse, alice, link):
    alice.is_active = False
    alice.save()
    answer = browse().post(link)
    assert answer["Location"] == SIGN_IN
    assert not answer.wsgi_request.user.is_authenticated


def test_who_is_no_longer_a_member_has_to_sign_in(browse, acme, bob):
    link = made(acme, bob)
    with tenant_scope(acme):
        services.remove_member(Membership.objects.get(user=bob), by=None)
    assert browse().post(link)["Location"] == SIGN_IN


def test_a_person_with_a_second_factor_has_to_sign_in(browse, alice, link):
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={})
    assert browse().post(link)["Location"] == SIGN_IN


def test_vendor_staff_have_to_sign_in(browse, acme, mei):
    link = made(acme, mei)
    assert browse().post(link)["Location"] == SIGN_IN
    signed_in = made(acme, mei)
    assert browse(mei).post(signed_in)["Location"] == "/t/acme/"


def test_a_stranger_with_a_link_becomes_its_person_and_nobody_else(browse, carol, link):
    client = browse(carol)
    assert client.post(link).wsgi_request.user.name == "Alice"
    assert client.get("/t/globex/").status_code == 404


def test_it_leads_to_no_other_site(acme, alice):
    for path in ("https://evil.example/", "//evil.example/", "t/acme/", "javascript:alert(1)"):
        with pytest.raises(ValueError, match="this site"):
            made(acme, alice, path)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_it_at_once_one_wins(link):
    start, answers = threading.Barrier(2), []

    def press():
        client = Client()
        start.wait()
        answers.append(client.post(link).status_code)
        connection.close()

    threads = [threading.Thread(target=press) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [302, 410]
