"""Members: who may invite whom, and the owner who stays."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import services, system
from accounts.models import AuditEntry, Membership, User
from accounts.scoping import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
DAVE = {"name": "Dave", "email": "Dave@acme.example", "role": "editor"}


def test_every_member_sees_who_belongs_to_the_tenant(browse, alice, bob):
    page = browse(bob).get("/t/acme/members/").text
    assert "Alice" in page and "alice@acme.example" in page
    assert "Invite a member" not in page


def test_an_owner_invites_a_person(browse, alice):
    assert browse(alice).post("/t/acme/members/add/", DAVE).status_code == 200
    with tenant_scope(_acme(alice)):
        membership = Membership.objects.get(user__email="dave@acme.example")
        assert membership.role == "editor"
        assert membership.user.is_invited
        entry = AuditEntry.objects.get(verb="member.added", subject_id=membership.user_id)
        assert entry.user == alice


def test_a_viewer_cannot_invite_change_or_remove_anybody(browse, alice, bob):
    with tenant_scope(_acme(alice)):
        pk = Membership.objects.get(user=alice).pk
    client = browse(bob)
    for address in ("add/", f"{pk}/role/", f"{pk}/remove/", f"{pk}/invite/"):
        assert client.post(f"/t/acme/members/{address}", DAVE).status_code == 403


def test_an_editor_cannot_invite_anybody(browse, acme):
    erin = factories.member(acme, "Erin", "editor")
    assert browse(erin).post("/t/acme/members/add/", DAVE).status_code == 403


def test_a_stranger_finds_no_members_page(browse, alice, carol):
    assert browse(carol).get("/t/acme/members/").status_code == 404
    assert browse(carol).post("/t/acme/members/add/", DAVE).status_code == 404


def test_nobody_is_invited_twice(browse, alice, bob):
    answer = browse(alice).post("/t/acme/members/add/", DAVE | {"email": "BOB@acme.example"})
    assert answer.status_code == 422
    assert "already a member" in answer.text


def test_vendor_staff_are_not_made_members(browse, alice, mei):
    answer = browse(alice).post("/t/acme/members/add/", DAVE | {"email": mei.email})
    assert answer.status_code == 422
    assert "Vendor staff can enter every tenant already" in answer.text


def test_an_owner_changes_a_role(browse, alice, bob):
    with tenant_scope(_acme(alice)):
        pk = Membership.objects.get(user=bob).pk
    browse(alice).post(f"/t/acme/members/{pk}/role/", {"role": "editor"})
    assert system.tenant_for(bob, "acme").role == "editor"


def test_a_removed_member_is_a_stranger_at_once(browse, alice, bob):
    with tenant_scope(_acme(alice)):
        pk = Membership.objects.get(user=bob).pk
    client = browse(bob)
    assert client.get("/t/acme/").status_code == 200
    browse(alice).post(f"/t/acme/members/{pk}/remove/")
    assert client.get("/t/acme/").status_code == 404


@pytest.mark.parametrize("address, data", [("role", {"role": "viewer"}), ("remove", {})])
def test_the_last_owner_stays(browse, alice, bob, address, data):
    with tenant_scope(_acme(alice)):
        pk = Membership.objects.get(user=alice).pk
    answer = browse(alice).post(f"/t/acme/members/{pk}/{address}/", data, follow=True)
    assert "A tenant needs an owner" in answer.text
    assert system.tenant_for(alice, "acme").role == "owner"


def test_one_of_two_owners_may_leave(browse, alice, acme):
    factories.member(acme, "Olga", "owner")
    with tenant_scope(acme):
        pk = Membership.objects.get(user=alice).pk
    browse(alice).post(f"/t/acme/members/{pk}/remove/")
    assert system.tenant_for(alice, "acme").role is None


@pytest.mark.django_db(transaction=True)
def test_two_owners_removing_each_other_at_once_leave_one(acme, alice):
    olga = factories.member(acme, "Olga", "owner")
    start, refused = threading.Barrier(2), []

    def remove(person, by):
        try:
            start.wait()
            with tenant_scope(acme):
                services.remove_member(Membership.objects.get(user=person), by=by)
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=remove, args=pair) for pair in ((alice, olga), (olga, alice))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with tenant_scope(acme):
        assert Membership.objects.filter(role="owner").count() == 1


def test_an_e_mail_is_one_person_whatever_its_case(acme, alice):
    with tenant_scope(acme):
        services.add_member("Zoe@Example.org", name="Zoe", role="viewer", by=alice)
    assert User.objects.get(name="Zoe").email == "zoe@example.org"


def _acme(user):
    return system.tenant_for(user, "acme")
