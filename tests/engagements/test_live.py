"""Live pages: what happens in an engagement is announced once it is true."""

import json

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser

from accounts.scoping import tenant_scope
from engagements import services
from lepton.lib.live import BOARD
from lepton.live import BoardConsumer, LiveConsumer
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice, mei):
    """One that may move on."""
    made = factories.engagement(acme, alice)
    with tenant_scope(acme):
        factories.waive_gate(made, asking=alice, granting=mei)
    return made


def test_a_member_hears_of_a_move(acme, alice, engagement):
    assert _heard(LiveConsumer, alice, acme, engagement, "acme") == engagement.topic


def test_the_board_hears_that_something_moved(acme, mei, engagement):
    assert _heard(BoardConsumer, mei, acme, engagement) == BOARD


def test_strangers_hear_nothing(acme, alice, carol):
    for consumer, person, tenant in (
        (LiveConsumer, carol, "acme"),
        (LiveConsumer, AnonymousUser(), "acme"),
        (BoardConsumer, alice, None),
        (BoardConsumer, AnonymousUser(), None),
    ):
        assert _greeting(consumer, person, tenant) == {"type": "websocket.close", "code": 4404}


@async_to_sync
async def _heard(consumer, user, tenant, engagement, slug=None):
    """The first topic a socket hears after the engagement moved on."""
    socket = await _connect(consumer, user, slug)
    assert (await socket.receive_output(5))["type"] == "websocket.accept"
    assert await _topic(socket) == "*"
    await database_sync_to_async(_advance)(tenant, engagement, by=user)
    topic = await _topic(socket)
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(5)
    return topic


@async_to_sync
async def _greeting(consumer, user, slug):
    socket = await _connect(consumer, user, slug)
    return await socket.receive_output(5) | {}


async def _connect(consumer, user, slug):
    scope = {"type": "websocket", "user": user, "url_route": {"kwargs": {"tenant": slug}}}
    socket = ApplicationCommunicator(consumer.as_asgi(), scope)
    await socket.send_input({"type": "websocket.connect"})
    return socket


async def _topic(socket):
    return json.loads((await socket.receive_output(5))["text"])["topic"]


def _advance(tenant, engagement, by):
    with tenant_scope(tenant):
        services.advance(engagement, to="fine_tuning", by=by)
