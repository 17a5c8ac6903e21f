"""The customer sees the same truth as the vendor with the private left out, wherever they look."""

import re

import pytest
from django.urls import reverse

from accounts.models import author
from accounts.scoping import tenant_scope
from engagements import timeline
from engagements.models import ActionDependency, ActionItem, Decision, Document, Milestone
from engagements.privacy import PRIVATE_FIELDS, without_private
from tests import world as worlds
from tests.test_permissions import BELOW_A_TENANT, _value, routes

pytestmark = pytest.mark.django_db
SECRET = "between-us"
# Routes whose answer depends on who asks beyond their side.
PERSONAL = {
    "engagements_api:asks": "what is asked of the caller themself",
    "enablement_api:courses": "how far the caller themself is",
    "enablement_api:lesson": "what the caller themself has done of it",
    "training_api:labelling": "the images held for the caller themself",
}
SIGNED = re.compile(r"/media/[^\"?]+")  # a signature holds the time at which it was made


@pytest.fixture
def world(acme, alice, mei):
    """Acme with a row of everything, and beside each a private one."""
    world = worlds.build(acme, alice)
    placed = {"engagement": world.engagement, "iteration": 1, "phase": "fine_tuning"}
    placed |= {"title": SECRET, "is_private": True, **author(mei)}
    with tenant_scope(acme):
        item = ActionItem.objects.create(side="vendor", **placed)
        ActionDependency.objects.create(item=world.action_item, needs=item)
        Milestone.objects.create(**placed)
        Decision.objects.create(reason=SECRET, **placed)
        kept = {"file_name": f"{SECRET}.txt", "content_type": "text/plain", "size_bytes": 4}
        kept |= {"sha256": worlds.HASH, "storage_key": world.document.storage_key}
        Document.objects.create(**placed, **kept)
        told = {"by": mei, "is_private": True, "title": SECRET}
        timeline.record(world.engagement, "item.added", **told)
    return world


def test_the_customers_json_is_a_subset_of_the_vendors(world, alice, mei, browse):
    customer, vendor, looked_at = browse(alice), browse(mei), 0
    for name, url in addresses(world, "/api/v1/"):
        theirs = answer(customer, url)
        if theirs is None or name in PERSONAL:
            continue
        ours, looked_at = answer(vendor, url), looked_at + 1
        assert is_part(theirs, ours), f"{name} tells the customer what it does not tell the vendor"
        assert not keys_in(theirs) & PRIVATE_FIELDS, name
    assert looked_at > 25


def test_who_views_as_the_customer_gets_exactly_the_customers_json(world, alice, mei, browse):
    customer, viewing = browse(alice), browse(mei)
    viewing.post("/t/acme/view-as/")
    for name, url in addresses(world, "/api/v1/"):
        if name not in PERSONAL:
            assert answer(viewing, url) == answer(customer, url), name


def test_nothing_private_is_named_on_any_page_or_in_any_json(world, alice, bob, mei, browse):
    viewing = browse(mei)
    viewing.post("/t/acme/view-as/")
    for client in (browse(alice), browse(bob), viewing):
        for name, url in addresses(world, "/t/", "/api/v1/"):
            got = client.get(url)
            if not got.streaming:
                assert SECRET not in got.content.decode(errors="replace"), name
    for name in ("engagements:plan", "engagements_api:action_items", "engagements_api:timeline"):
        url = reverse(name, args=["acme", world.engagement.pk])
        assert SECRET in browse(mei).get(url).text, name


def test_what_is_the_vendors_own_is_not_there_for_the_customer(world, alice, mei, browse):
    viewing = browse(mei)
    viewing.post("/t/acme/view-as/")
    pages = [f"engagements:{name}" for name in ("economics", "economics_csv")]
    calls = [f"engagements_api:{name}" for name in ("economics", "staff_times", "health")]
    own = [reverse(name, args=["acme", world.engagement.pk]) for name in pages + calls]
    for url in own:
        assert browse(alice).get(url).status_code == 404, url
        assert viewing.get(url).status_code == 404, url
        assert browse(mei).get(url).status_code == 200, url


def test_private_fields_are_left_out_at_every_depth():
    data = {"a": [{"cost_cents": 1, "b": 2}], "health": 3}
    assert without_private(data, "customer") == {"a": [{"b": 2}]}
    assert without_private(data, "vendor") == data


def addresses(world, *beginnings):
    """(name, address) of every route below the tenant that answers GET."""
    for name, methods, variables in routes():
        if BELOW_A_TENANT not in variables or "get" not in methods:
            continue
        url = reverse(name, kwargs={v: _value(v, name, world) for v in variables})
        if url.startswith(beginnings):
            yield name, url


def answer(client, url):
    """The JSON at an address, signatures left out; None where there is none for this person."""
    got = client.get(url)
    if got.status_code != 200 or "json" not in got["Content-Type"]:
        got.getvalue()
        return None
    return without_signatures(got.json())


def without_signatures(data):
    if isinstance(data, dict):
        return {name: without_signatures(value) for name, value in data.items()}
    if isinstance(data, list):
        return [without_signatures(one) for one in data]
    return SIGNED.sub("/media/", data) if isinstance(data, str) else data


def is_part(theirs, ours) -> bool:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return theirs.keys() <= ours.keys() and all(is_part(theirs[k], ours[k]) for k in theirs)
    if isinstance(theirs, list) and isinstance(ours, list):
        return all(any(is_part(one, other) for other in ours) for one in theirs)
    return theirs == ours


def keys_in(data) -> set:
    if isinstance(data, dict):
        return set(data).union(*map(keys_in, data.values()))
    return set().union(*map(keys_in, data)) if isinstance(data, list) else set()
