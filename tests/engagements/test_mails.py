"""Mails that ask the customer for something: to the right people, once an hour, with a link."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import AuditEntry, EmailLink, Membership
from accounts.scoping import tenant_scope
from engagements import contracts, milestones, plan, signoffs
from lepton.lib.canonical import sha256_of
from tests import factories, world

pytestmark = pytest.mark.django_db
LINK = re.compile(r"/link/[\w-]+/")


@pytest.fixture
def built(acme, alice):
    return world.build(acme, alice)


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """The mails that a call in Acme sends: `sent(acme, call)`."""

    def collect(tenant, call):
        mail.outbox.clear()
        with django_capture_on_commit_callbacks(execute=True), tenant_scope(tenant):
            call()
        return list(mail.outbox)

    return collect


def freeze(built, people, by):
    return contracts.freeze_contract(
        built.engagement,
        accuracy_target="0.8",
        holdout_sha256=built.version.test_sha256,
        deciders=people,
        by=by,
    )


def give(built, person, by):
    options = {"side": "customer", "assignee": person, "by": by}
    return plan.add_item(built.engagement, "Send 200 images", **options)


def test_the_customers_deciders_are_mailed_when_a_contract_is_frozen(
    built, acme, alice, mei, sent, browse
):
    [message] = sent(acme, lambda: freeze(built, [alice, mei], mei))
    assert message.to == [alice.email] and "Acceptance contract" in message.body
    landed = browse().post(LINK.search(message.body)[0], follow=True)
    assert landed.request["PATH_INFO"].endswith("/contract/")
    with tenant_scope(acme):
        entry = AuditEntry.objects.filter(verb="contract.frozen").latest("sequence")
    assert entry.detail["mailed"] == ["Alice"]


def test_who_freezes_it_themselves_is_not_mailed(built, acme, alice, mei, sent):
    assert sent(acme, lambda: freeze(built, [alice, mei], alice)) == []


def test_a_refused_freeze_mails_nobody(built, acme, alice, mei, sent):
    def refused():
        with pytest.raises(Exception, match="each side"):
            freeze(built, [alice], mei)

    assert sent(acme, refused) == []


def test_whom_an_item_is_given_to_is_mailed(built, acme, bob, mei, sent, browse):
    [message] = sent(acme, lambda: give(built, bob, mei))
    assert message.to == [bob.email] and "Send 200 images" in message.body
    page = browse().post(LINK.search(message.body)[0], follow=True)
    assert page.wsgi_request.user == bob and "Send 200 images" in page.text


def test_whom_it_is_handed_on_to_is_mailed_and_a_new_date_mails_nobody(
    built, acme, alice, bob, mei, sent
):
    with tenant_scope(acme):
        item = give(built, bob, mei)
    [message] = sent(acme, lambda: plan.change_item(item, assignee=alice, by=mei))
    assert message.to == [alice.email]
    assert sent(acme, lambda: plan.change_item(item, detail="Soon.", by=mei)) == []


def test_ones_own_item_and_the_vendors_items_mail_nobody(built, acme, alice, mei, sent):
    assert sent(acme, lambda: give(built, alice, alice)) == []
    ours = {"side": "vendor", "assignee": mei, "by": mei}
    assert sent(acme, lambda: plan.add_item(built.engagement, "Call", **ours)) == []


def test_the_owners_are_asked_to_rate_a_milestone_that_is_reached(
    built, acme, alice, bob, mei, sent, browse
):
    with tenant_scope(acme):
        row = milestones.add_milestone(built.engagement, "First model", by=mei)
        private = milestones.add_milestone(built.engagement, "Paid", is_private=True, by=mei)
    [message] = sent(acme, lambda: milestones.reach_milestone(row, by=mei))
    assert message.to == [alice.email] and "First model" in message.body
    client = browse()
    page = client.post(LINK.search(message.body)[0], follow=True)
    assert page.request["PATH_INFO"].endswith(f"/milestones/{row.pk}/rate/")
    rated = client.post(page.request["PATH_INFO"], {"score": 5, "comment": "Quick."})
    assert rated.status_code == 302
    with tenant_scope(acme):
        assert row.ratings.get().score == 5
    assert sent(acme, lambda: milestones.reach_milestone(private, by=mei)) == []


def test_mei_reminds_of_a_signature_once_an_hour(built, acme, alice, mei, sent, browse):
    with tenant_scope(acme):
        freeze(built, [alice, mei], alice)
    url = f"/t/acme/e/{built.engagement.pk}/contract/"
    client = browse(mei)
    assert "Remind by mail" in client.get(url).text
    assert "Remind by mail" not in browse(alice).get(url).text

    def press():
        return client.post(f"{url}remind/", {"kind": "contract"}, follow=True).text

    pages = []
    assert [one.to for one in sent(acme, lambda: pages.append(press()))] == [[alice.email]]
    assert "Reminded by mail: Alice" in pages[0]
    assert sent(acme, lambda: pages.append(press())) == []
    assert "less than an hour ago" in pages[1]
    with tenant_scope(acme):
        assert AuditEntry.objects.filter(verb="reminder.mailed").count() == 1
        EmailLink.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert len(sent(acme, press)) == 1


def test_of_the_requirement_those_who_may_sign_it_are_reminded_on_its_page(
    built, acme, alice, mei, sent, browse
):
    with tenant_scope(acme):
        freeze(built, [alice, mei], alice)
        vera = factories.member(acme, "Vera", "owner")
    url = f"/t/acme/e/{built.engagement.pk}"
    client = browse(mei)

    def press():
        return client.post(f"{url}/contract/remind/", {"kind": "requirement"})

    answers = []
    messages = sent(acme, lambda: answers.append(press()))
    assert {one.to[0] for one in messages} == {alice.email, vera.email}
    assert answers[0].headers["Location"] == f"{url}/requirement/"
    landed = browse().post(LINK.search(messages[0].body)[0], follow=True)
    assert landed.request["PATH_INFO"] == f"{url}/requirement/"
    with tenant_scope(acme):
        wanted = signoffs.statement(built.engagement, "requirement")
        signed = {"kind": "requirement", "sha256": sha256_of(wanted)}
    browse(alice).post(f"{url}/contract/sign/", signed)
    assert "Nobody of the customer is waited for here." in client.get(press().url).text


def test_the_api_reminds_of_an_item_and_refuses_with_reasons(
    built, acme, alice, bob, carol, mei, browse
):
    with tenant_scope(acme):
        item = give(built, bob, bob)
    at = f"/api/v1/tenants/acme/engagements/{built.engagement.pk}"
    url = f"{at}/action-items/{item.pk}/remind"
    for person, status in ((alice, 404), (bob, 404), (carol, 404)):
        assert browse(person).post(url).status_code == status
    engineer = browse(factories.staff("Nils", "ml_engineer"))
    assert engineer.post(url).status_code == 403
    client = browse(mei)
    assert client.post(url).json() == {"mailed": ["Bob"]}
    again = client.post(url)
    assert again.status_code == 409 and "an hour ago" in again.json()["error"]
    signed = client.post(f"{at}/statements/remind", {"kind": "contract"}, "application/json")
    assert signed.status_code == 409 and "Nobody" in signed.json()["error"]


def test_who_left_or_was_deactivated_is_not_mailed(built, acme, alice, bob, mei, sent):
    with tenant_scope(acme):
        Membership.objects.filter(user=bob).update(role="owner")
        row = milestones.add_milestone(built.engagement, "First model", by=mei)
    alice.is_active = False
    alice.save()
    messages = sent(acme, lambda: milestones.reach_milestone(row, by=mei))
    assert [one.to for one in messages] == [[bob.email]]
