"""The plan: what each side has to do, and what waits for what."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.scoping import tenant_scope
from engagements import asks, gates, plan, services, templates
from engagements.models import (
    ActionItem,
    Ask,
    Document,
    Engagement,
    Iteration,
    Milestone,
    Standing,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def api(engagement, browse):
    """Call the API of the engagement: `api(mei).post("action-items", title=…)`."""

    class Api:
        def __init__(self, person):
            self.client = browse(person)
            self.base = f"/api/v1/tenants/acme/engagements/{engagement.pk}"

        def get(self, path):
            return self.client.get(f"{self.base}/{path}")

        def post(self, path, **body):
            return self.client.post(f"{self.base}/{path}", body, content_type="application/json")

        def patch(self, path, **body):
            return self.client.patch(f"{self.base}/{path}", body, content_type="application/json")

    return Api


def test_an_open_required_item_holds_its_phase_up_until_it_is_done(api, mei, alice, engagement):
    made = api(mei).post("action-items", title="Send examples", side="customer").json()
    checks = {one["check"]: one for one in api(mei).get("gate").json()["checks"]}
    assert checks["engagements.items_done"]["words"] == "Still open: “Send examples”."
    refused = api(mei).post("advance", to="fine_tuning")
    assert refused.status_code == 409
    assert "engagements.items_done" in {one["check"] for one in refused.json()["unmet"]}
    assert api(alice).post(f"action-items/{made['id']}/done").status_code == 200
    checks = {one["check"]: one for one in api(mei).get("gate").json()["checks"]}
    assert checks["engagements.items_done"]["met"]


def test_what_has_to_come_first_is_named(api, mei):
    first = api(mei).post("action-items", title="Book a room", side="vendor").json()
    then = (
        api(mei)
        .post("action-items", title="Hold the kick-off", side="vendor", needs=[first["id"]])
        .json()
    )
    early = api(mei).post(f"action-items/{then['id']}/done")
    assert early.status_code == 409
    assert early.json()["error"] == "First this has to be done: “Book a room”."
    api(mei).post(f"action-items/{first['id']}/done")
    assert api(mei).post(f"action-items/{then['id']}/done").status_code == 200


def test_a_cycle_is_refused_and_named(api, mei):
    one = api(mei).post("action-items", title="One", side="vendor").json()
    two = api(mei).post("action-items", title="Two", side="vendor", needs=[one["id"]]).json()
    three = api(mei).post("action-items", title="Three", side="vendor", needs=[two["id"]]).json()
    refused = api(mei).patch(f"action-items/{one['id']}", needs=[three["id"]])
    assert refused.status_code == 400
    [words] = refused.json()["fields"]["needs"]
    assert words.startswith("These would wait for each other: ")
    assert {"One", "Two", "Three"} <= set(words.rstrip(".").split(": ")[1].split(" → "))
    assert api(mei).get("action-items").json()["results"][-1]["needs"] == []


def test_private_items_are_not_there_for_the_customer(api, mei, alice, browse, engagement):
    api(mei).post("action-items", title="Estimate the effort", side="vendor", is_private=True)
    assert api(alice).get("action-items").json()["results"] == []
    words = str(api(alice).get("gate").json())
    assert "Still open: 1 more." in words and "Estimate" not in words
    assert "Estimate" not in str(api(alice).get("timeline").json())
    assert "Estimate" in str(api(mei).get("timeline").json())
    page = f"/t/acme/e/{engagement.pk}/plan/"
    assert "Estimate" not in browse(alice).get(page).content.decode()
    assert "Estimate" in browse(mei).get(page).content.decode()
    with tenant_scope(engagement.tenant_id):
        item = ActionItem.objects.get()
    assert api(alice).post(f"action-items/{item.pk}/done").status_code == 404


def test_the_customer_owes_nothing_in_private_and_does_not_plan_for_the_vendor(api, mei, alice):
    hidden = api(mei).post("action-items", title="Pay", side="customer", is_private=True)
    assert "is_private" in hidden.json()["fields"]
    for_us = api(alice).post("action-items", title="Hurry", side="vendor")
    assert for_us.status_code == 400 and "side" in for_us.json()["fields"]


def test_what_the_vendor_owes_is_done_by_the_vendor(api, mei, alice):
    item = api(mei).post("action-items", title="Hold the kick-off", side="vendor").json()
    assert api(alice).post(f"action-items/{item['id']}/done").status_code == 400
    assert api(mei).post(f"action-items/{item['id']}/done").status_code == 200
    assert api(mei).post(f"action-items/{item['id']}/done").status_code == 409


def test_what_the_customer_owes_is_done_by_one_of_their_people(
    api, browse, mei, alice, acme, engagement
):
    item = api(mei).post("action-items", title="Send examples", side="customer").json()
    page, path = f"/t/acme/e/{engagement.pk}/plan/", f"action-items/{item['id']}"
    done = f"{page}items/{item['id']}/done/"
    assert done not in browse(mei).get(page).text and done in browse(alice).get(page).text
    words = "This is for the customer to do: one of their people says so."
    assert words in browse(mei).post(done, follow=True).text
    refused = api(mei).post(f"{path}/done")
    assert (refused.status_code, refused.json()["error"]) == (400, words)
    key = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'view', 'data')}"}
    refused = Client(headers=key).post(f"{api(mei).base}/{path}/done")
    assert (refused.status_code, refused.json()["error"]) == (400, words)
    assert api(alice).post(f"{path}/done").status_code == 200
    assert api(mei).post(f"{path}/reopen").status_code == 400
    assert api(alice).post(f"{path}/reopen").status_code == 200


def test_the_vendor_drops_what_the_customer_owes_with_a_reason_and_takes_that_back(api, mei, alice):
    item = api(mei).post("action-items", title="Send examples", side="customer").json()
    path = f"action-items/{item['id']}"
    assert api(mei).post(f"{path}/drop", reason="They are here.").status_code == 200
    assert api(mei).post(f"{path}/reopen").json()["dropped_at"] is None
    assert api(alice).post(f"{path}/done").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_nothing_is_opened_again_while_somebody_moves_the_engagement_on(acme, mei, engagement):
    with tenant_scope(acme):
        item = plan.add_item(engagement, "Hold the kick-off", side="vendor", by=mei)
        plan.complete_item(item, by=mei)
    tried = []

    def reopen():
        with tenant_scope(acme):
            plan.reopen_item(item, by=mei)
        tried.append("opened")
        connection.close()

    thread = threading.Thread(target=reopen)
    with tenant_scope(acme):
        Engagement.objects.locked(engagement.pk)
        thread.start()
        thread.join(1)
        assert not tried
    thread.join(20)
    assert tried


def test_dropping_needs_a_reason_and_opens_the_gate(api, mei):
    item = api(mei).post("action-items", title="Visit the line", side="vendor").json()
    assert api(mei).post(f"action-items/{item['id']}/drop").status_code == 400
    dropped = api(mei).post(f"action-items/{item['id']}/drop", reason="Seen by video.")
    assert dropped.json()["dropped_reason"] == "Seen by video."
    checks = {one["check"]: one for one in api(mei).get("gate").json()["checks"]}
    assert checks["engagements.items_done"]["met"]
    assert api(mei).post(f"action-items/{item['id']}/reopen").json()["dropped_at"] is None


@pytest.mark.django_db(transaction=True)
def test_a_changed_item_is_asked_for_at_once_as_it_is_now(api, mei, bob, acme):
    made = api(mei).post("action-items", title="Send examples", side="customer").json()
    changed = {"title": "Send 200 examples", "assignee": str(bob.pk), "due_on": "2020-01-31"}
    assert api(mei).patch(f"action-items/{made['id']}", **changed).status_code == 200
    with tenant_scope(acme):
        [asked] = Ask.objects.filter(kind="item.do")
        assert (asks.sentence(asked), asked.user) == ("Send 200 examples", bob)
        assert Standing.objects.get().overdue_customer == 1


def test_an_item_is_given_to_people_of_its_side_only(api, mei, alice, carol):
    for person, field in ((carol, "assignee"), (mei, "assignee")):
        refused = api(mei).post(
            "action-items", title="Sign", side="customer", assignee=str(person.pk)
        )
        assert field in refused.json()["fields"]
    made = api(mei).post("action-items", title="Sign", side="customer", assignee=str(alice.pk))
    assert made.json()["assignee"] == str(alice.pk)


def test_a_milestone_is_reached_once_and_rated_by_the_customer_once(api, mei, alice, bob):
    made = api(mei).post("milestones", title="First model").json()
    early = api(alice).post(f"milestones/{made['id']}/rate", score=5)
    assert early.status_code == 400
    assert api(mei).post(f"milestones/{made['id']}/reach").status_code == 200
    assert api(mei).post(f"milestones/{made['id']}/reach").status_code == 409
    assert api(mei).post(f"milestones/{made['id']}/rate", score=5).status_code == 400
    assert api(bob).post(f"milestones/{made['id']}/rate", score=5).status_code == 403
    assert api(alice).post(f"milestones/{made['id']}/rate", score=6).status_code == 400
    assert api(alice).post(f"milestones/{made['id']}/rate", score=4).status_code == 201
    assert api(alice).post(f"milestones/{made['id']}/rate", score=5).status_code == 409
    [milestone] = api(mei).get("milestones").json()["results"]
    assert [one["score"] for one in milestone["ratings"]] == [4]


def test_a_document_is_kept_with_its_hash_and_opened_by_a_short_lived_address(
    browse, alice, mei, bob, engagement
):
    page = f"/t/acme/e/{engagement.pk}/plan/documents/"

    def minutes():
        return {"file": SimpleUploadedFile("../../minutes.txt", b"We agreed.")}

    assert browse(bob).post(page, minutes()).status_code == 403
    assert browse(alice).post(page, {"file": SimpleUploadedFile("a.txt", b"")}).status_code == 422
    assert browse(alice).post(page, minutes()).status_code == 302
    with tenant_scope(engagement.tenant_id):
        document = Document.objects.get()
    assert (document.title, document.file_name) == ("minutes.txt", "minutes.txt")
    assert document.storage_key.startswith(f"tenants/{engagement.tenant_id}/documents/")
    opened = browse(bob).get(f"{page}{document.pk}/", follow=True)
    assert b"".join(opened) == b"We agreed."
    browse(alice).post(f"{page}{document.pk}/remove/")
    assert browse(bob).get(f"{page}{document.pk}/").status_code == 404


def test_a_decision_is_replaced_once_and_never_changed(api, mei, alice):
    first = api(mei).post("decisions", title="Two classes", reason="Enough for now.").json()
    body = {"title": "Three classes", "reason": "Stains matter.", "replaces": first["id"]}
    assert api(alice).post("decisions", **body).status_code == 201
    assert api(mei).post("decisions", **body).status_code == 409
    assert len(api(alice).get("decisions").json()["results"]) == 2


@pytest.fixture
def pilot(mei):
    """A template that skips phases; the tests' own, since others empty all tables."""
    item = {"phase": "poc", "is_private": False, "is_required": True}
    kick_off = {"key": "kick_off", "title": "Hold the kick-off", "side": "vendor", "due_days": 7}
    examples = {"key": "examples", "title": "Send labelled examples", "side": "customer"}
    milestone = {"title": "Kick-off", "phase": "poc", "due_days": 7, "is_private": False}
    return templates.save_template(
        "trial",
        name="Trial",
        phases=["poc", "fine_tuning", "deployment", "monitoring", "feedback"],
        items=[
            item | kick_off | {"after": []},
            item | examples | {"due_days": 14, "after": ["kick_off"]},
        ],
        milestones=[milestone],
        by=mei,
    )


def test_an_engagement_opened_by_a_template_is_planned_and_skips_phases(browse, mei, acme, pilot):
    api = "/api/v1/tenants/acme/engagements"
    made = browse(mei).post(
        api, {"name": "Pilot", "template": "trial"}, content_type="application/json"
    )
    assert made.status_code == 201
    assert made.json()["phases"] == ["poc", "fine_tuning", "deployment", "monitoring", "feedback"]
    items = browse(mei).get(f"{api}/{made.json()['id']}/action-items").json()["results"]
    examples = next(one for one in items if one["title"].startswith("Send labelled"))
    kick_off = next(one for one in items if one["title"] == "Hold the kick-off")
    assert examples["needs"] == [kick_off["id"]] and examples["side"] == "customer"
    due = timezone.localdate() + timedelta(days=14)
    assert examples["due_on"] == due.isoformat()
    unknown = browse(mei).post(
        api, {"name": "X", "template": "none"}, content_type="application/json"
    )
    assert unknown.status_code == 400 and "template" in unknown.json()["fields"]


def test_going_round_starts_an_iteration_that_is_planned_anew(acme, alice, mei, pilot):
    template = pilot
    with tenant_scope(acme):
        engagement = services.open_engagement("Pilot", by=mei, template=template)
        for phase in [*template.phases[1:], "poc"]:
            for item in engagement.actionitems.still_open().filter(phase=engagement.phase):
                plan.drop_item(item, reason="A rehearsal.", by=mei)
            factories.waive_gate(engagement, asking=alice, granting=mei)
            engagement = services.advance(engagement, to=phase, by=mei)
        assert (engagement.phase, engagement.iteration) == ("poc", 2)
        first, second = Iteration.objects.order_by("number")
        assert first.ended_at and second.ended_at is None
        assert second.started_at >= first.ended_at
        again = engagement.actionitems.filter(iteration=2)
        assert again.count() == engagement.actionitems.filter(iteration=1).count() > 0
        assert Milestone.objects.filter(iteration=2).exists()
        assert not gates.look(engagement).is_open


def test_people_plan_and_finish_in_the_browser(browse, alice, mei, engagement):
    page = f"/t/acme/e/{engagement.pk}/plan/"
    empty = browse(mei).get(page).content.decode()
    assert "Nothing is planned yet" in empty
    form = {"title": "Send examples", "side": "customer", "phase": "poc", "is_required": "on"}
    assert browse(mei).post(f"{page}items/", form | {"title": ""}).status_code == 422
    assert browse(mei).post(f"{page}items/", form).status_code == 302
    with tenant_scope(engagement.tenant_id):
        item = ActionItem.objects.get()
    browse(alice).post(f"{page}items/{item.pk}/done/")
    assert "Done by Alice" in browse(mei).get(page).content.decode()
