"""ETags of the API: what has not changed is not sent again, what has changed is not overwritten."""

import threading

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient

from accounts.scoping import tenant_scope
from engagements.models import Webhook
from tests import world as worlds

pytestmark = pytest.mark.django_db
JSON = {"content_type": "application/json"}


@pytest.fixture
def address(acme, alice):
    return f"/api/v1/tenants/acme/webhooks/{worlds.build(acme, alice).webhook.pk}"


def test_what_has_not_changed_is_not_sent_again(address, alice, browse):
    client = browse(alice)
    first = client.get(address)
    tag = first.headers["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == tag
    client.patch(address, {"description": "to the ERP"}, **JSON)
    changed = client.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200 and changed.headers["ETag"] != tag


def test_what_somebody_else_changed_is_not_overwritten(address, acme, alice, browse):
    client = browse(alice)
    mine = {"If-Match": client.get(address).headers["ETag"]}
    assert client.patch(address, {"description": "theirs"}, **JSON).status_code == 200
    late = client.patch(address, {"description": "mine"}, headers=mine, **JSON)
    assert late.status_code == 412
    assert late.headers["Content-Type"] == "application/problem+json"
    assert "read it again" in late.json()["error"]
    assert client.delete(address, headers=mine).status_code == 412
    fresh = {"If-Match": client.get(address).headers["ETag"]}
    saved = client.patch(address, {"description": "mine"}, headers=fresh, **JSON)
    assert saved.json()["description"] == "mine"
    assert client.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_a_condition_lets_nobody_in(address, bob, carol, browse):
    for person, status in ((None, 401), (carol, 404)):
        answer = browse(person).patch(address, {}, headers={"If-Match": "*"}, **JSON)
        assert answer.status_code == status
    reader = browse(bob)
    mine = {"If-Match": reader.get(address).headers["ETag"]}
    assert reader.patch(address, {"description": "x"}, headers=mine, **JSON).status_code == 403


def test_people_and_action_items_can_be_compared_too(acme, alice, mei, browse):
    world, client = worlds.build(acme, alice), browse(mei)
    member = f"/api/v1/tenants/acme/members/{world.membership.pk}"
    engagement = f"/api/v1/tenants/acme/engagements/{world.engagement.pk}"
    item = f"{engagement}/action-items/{world.action_item.pk}"
    for address, change in ((member, {"role": "editor"}), (item, {"detail": "by post"})):
        mine = {"If-Match": client.get(address).headers["ETag"]}
        assert client.patch(address, change, headers=mine, **JSON).status_code == 200
        assert client.patch(address, change, headers=mine, **JSON).status_code == 412


def test_pages_have_no_tag(alice, browse):
    assert "ETag" not in browse(alice).get("/t/acme/members/").headers


@pytest.mark.django_db(transaction=True)
def test_it_is_the_same_under_asgi(address, alice):
    client = AsyncClient()
    client.force_login(alice)
    tag = async_to_sync(client.get)(address).headers["ETag"]
    change = async_to_sync(client.patch)
    for status in (200, 412):
        mine = {"headers": {"If-Match": tag}, **JSON}
        assert change(address, {"description": "mine"}, **mine).status_code == status


@pytest.mark.django_db(transaction=True)
def test_of_two_who_read_the_same_only_one_writes(address, acme, alice, browse):
    """They wait for each other, so that both cannot find it unchanged."""
    mine = {"If-Match": browse(alice).get(address).headers["ETag"]}
    answers, together = [], threading.Barrier(4)

    def write(n):
        client, change = browse(alice), {"description": f"writer {n}"}
        together.wait()
        answers.append(client.patch(address, change, headers=mine, **JSON).status_code)
        connection.close()

    writers = [threading.Thread(target=write, args=[n]) for n in range(4)]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    assert sorted(answers) == [200, 412, 412, 412]
    with tenant_scope(acme):
        assert Webhook.objects.get().description.startswith("writer")
