"""The plan on its pages: what each side may do, what stays private, what guards a phase."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from engagements import documents, gates, milestones, plan, services
from engagements.models import ActionItem, Document, Rating, TimelineEntry
from lepton.lib.refusals import Conflict
from tests import factories

pytestmark = pytest.mark.django_db
DATED = {"title": "Send images", "side": "customer", "due_on": "2030-02-01", "phase": "poc"}


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def address(engagement):
    return f"/t/acme/e/{engagement.pk}/plan/"


def _item(acme, engagement, by, title="Send images", side="customer", **fields):
    with tenant_scope(acme):
        return plan.add_item(engagement, title, side=side, by=by, **fields)


def _items_check(engagement):
    checks = {check.key: check for check in gates.look(engagement).checks}
    return checks["engagements.items_done"].finding


def test_an_empty_plan_teaches(browse, alice, address):
    page = browse(alice).get(address)
    assert page.status_code == 200
    assert "Nothing is planned yet" in page.text and "No milestone" in page.text


def test_an_action_item_is_planned_and_done_on_the_page(browse, acme, alice, mei, address):
    assert browse(mei).post(f"{address}items/", DATED).status_code == 302
    page = browse(alice).get(address).text
    assert "Send images" in page and "Customer" in page
    with tenant_scope(acme):
        item = ActionItem.objects.get()
    assert browse(alice).post(f"{address}items/{item.pk}/done/").status_code == 302
    assert "Done by Alice" in browse(mei).get(address).text
    with tenant_scope(acme):
        kinds = set(TimelineEntry.objects.values_list("kind", flat=True))
        assert {"item.added", "item.done"} <= kinds
        assert {"item.added", "item.done"} <= set(AuditEntry.objects.verbs())


def test_a_viewer_plans_and_closes_nothing_unless_it_is_theirs(
    browse, acme, bob, mei, engagement, address
):
    item = _item(acme, engagement, mei)
    mine = _item(acme, engagement, mei, title="Read the minutes", assignee=bob)
    client = browse(bob)
    assert client.get(address).status_code == 200
    assert client.post(f"{address}items/", DATED).status_code == 403
    assert client.post(f"{address}items/{item.pk}/done/").status_code == 403
    assert client.post(f"{address}items/{mine.pk}/done/").status_code == 302
    with tenant_scope(acme):
        mine.refresh_from_db()
        assert mine.done_by_label == "Bob"


def test_a_stranger_finds_no_plan(browse, acme, carol, mei, engagement, address):
    item = _item(acme, engagement, mei)
    assert browse(carol).get(address).status_code == 404
    assert browse(carol).post(f"{address}items/{item.pk}/done/").status_code == 404


def test_what_is_private_is_not_there_for_the_customer(
    browse, acme, alice, mei, engagement, address
):
    item = _item(acme, engagement, mei, "Estimate the effort", "vendor", is_private=True)
    for page in (address, f"/t/acme/e/{engagement.pk}/", "/t/acme/audit/"):
        assert "Estimate the effort" not in browse(alice).get(page).text, page
    assert "Estimate the effort" in browse(mei).get(address).text
    assert browse(alice).post(f"{address}items/{item.pk}/done/").status_code == 404
    with tenant_scope(acme):
        assert TimelineEntry.objects.get(kind="item.added").is_private


def test_the_gate_counts_private_items_and_does_not_name_them(acme, mei, engagement):
    _item(acme, engagement, mei)
    hidden = _item(acme, engagement, mei, "Estimate the effort", "vendor", is_private=True)
    with tenant_scope(acme):
        finding = _items_check(engagement)
        assert not finding.met
        assert finding.evidence == {"required": 2, "open": 2}
        assert "Send images" in finding.words and "1 more" in finding.words
        assert hidden.title not in finding.words
        assert finding.url.endswith("/plan/")


def test_a_required_item_holds_its_phase_up_until_it_is_done_or_dropped(
    acme, alice, mei, engagement
):
    first = _item(acme, engagement, mei)
    second = _item(acme, engagement, mei, title="Name an expert")
    _item(acme, engagement, mei, title="Lunch", is_required=False)
    with tenant_scope(acme):
        with pytest.raises(Conflict, match="Send images"):
            services.advance(engagement, to="fine_tuning", by=mei)
        plan.complete_item(first, by=alice)
        plan.drop_item(second, reason="The vendor has one.", by=mei)
        assert _items_check(engagement).met


def test_nothing_required_holds_nothing_up(acme, engagement):
    with tenant_scope(acme):
        finding = _items_check(engagement)
    assert finding.met and finding.words == "Nothing is required in this phase."


def test_an_item_waits_for_what_it_needs_and_names_it(browse, acme, alice, engagement, address):
    first = _item(acme, engagement, alice)
    then = _item(acme, engagement, alice, title="Label them", needs=[first])
    answer = browse(alice).post(f"{address}items/{then.pk}/done/", follow=True)
    assert "First this has to be done: “Send images”." in answer.text
    with tenant_scope(acme):
        plan.complete_item(first, by=alice)
        assert plan.complete_item(then, by=alice).done_at
        with pytest.raises(Conflict, match="closed already"):
            plan.complete_item(then, by=alice)


def test_the_customer_is_not_told_the_name_of_a_private_item_it_waits_for(
    acme, alice, mei, engagement
):
    hidden = _item(acme, engagement, mei, "Estimate the effort", "vendor", is_private=True)
    then = _item(acme, engagement, mei, needs=[hidden])
    with tenant_scope(acme), pytest.raises(Conflict) as refusal:
        plan.complete_item(then, by=alice)
    assert "Estimate" not in str(refusal.value) and "vendor" in str(refusal.value)


def test_a_cycle_is_refused_and_named(acme, mei, engagement):
    first = _item(acme, engagement, mei)
    then = _item(acme, engagement, mei, title="Label them", needs=[first])
    with tenant_scope(acme), pytest.raises(ValidationError) as refusal:
        plan.change_item(first, needs=[then], by=mei)
    assert "Label them → Send images → Label them" in str(refusal.value)


def test_the_customer_cannot_do_change_or_drop_what_the_vendor_owes(acme, alice, mei, engagement):
    item = _item(acme, engagement, mei, "Set up the endpoint", "vendor")
    with tenant_scope(acme):
        for act in (
            lambda: plan.complete_item(item, by=alice),
            lambda: plan.drop_item(item, reason="No.", by=alice),
            lambda: plan.change_item(item, side="customer", by=alice),
            lambda: plan.add_item(engagement, "More", side="vendor", by=alice),
            lambda: plan.add_item(engagement, "More", side="customer", is_private=True, by=alice),
        ):
            with pytest.raises(ValidationError):
                act()
        item.refresh_from_db()
        assert item.is_open and item.side == "vendor"


def test_what_the_customer_has_to_do_cannot_be_private(browse, mei, address):
    answer = browse(mei).post(f"{address}items/", DATED | {"is_private": "on"})
    assert answer.status_code == 422
    assert "cannot be private" in answer.text


def test_dropping_needs_a_reason_and_reopening_takes_it_back(
    browse, acme, mei, engagement, address
):
    item = _item(acme, engagement, mei)
    refused = browse(mei).post(f"{address}items/{item.pk}/drop/", {"reason": " "}, follow=True)
    assert "Say why" in refused.text
    dropped = browse(mei).post(
        f"{address}items/{item.pk}/drop/", {"reason": "Not needed."}, follow=True
    )
    assert "Dropped: Not needed." in dropped.text
    browse(mei).post(f"{address}items/{item.pk}/reopen/")
    with tenant_scope(acme):
        item.refresh_from_db()
        assert item.is_open and item.dropped_reason == ""


def test_an_item_is_changed_on_its_page(browse, acme, alice, bob, mei, engagement, address):
    item = _item(acme, engagement, mei)
    page = f"{address}items/{item.pk}/"
    assert "Send images" in browse(alice).get(page).text
    assert browse(bob).get(page).status_code == 403
    changed = browse(mei).post(page, DATED | {"title": "Send more images", "assignee": alice.pk})
    assert changed.status_code == 302
    with tenant_scope(acme):
        item.refresh_from_db()
        assert (item.title, item.assignee, item.is_required) == ("Send more images", alice, False)
    assert browse(mei).post(page, DATED | {"title": ""}).status_code == 422


def test_overdue_items_are_marked(browse, acme, mei, engagement, address):
    yesterday = timezone.localdate() - timezone.timedelta(days=1)
    _item(acme, engagement, mei, due_on=yesterday)
    assert "Overdue" in browse(mei).get(address).text


def test_a_reached_milestone_is_rated_once_by_each_member_of_the_customer(
    browse, acme, alice, mei, address
):
    made = browse(mei).post(f"{address}milestones/", {"title": "First model", "phase": "poc"})
    assert made.status_code == 302
    with tenant_scope(acme):
        from engagements.models import Milestone

        milestone = Milestone.objects.get()
    page = f"{address}milestones/{milestone.pk}/rate/"
    early = browse(alice).post(page, {"score": 5})
    assert early.status_code == 422
    browse(mei).post(f"{address}milestones/{milestone.pk}/reach/")
    assert browse(mei).post(page, {"score": 5}).status_code == 422
    assert browse(alice).post(page, {"score": 4, "comment": "Good."}).status_code == 302
    assert browse(alice).post(page, {"score": 1}).status_code == 422
    with tenant_scope(acme):
        assert Rating.objects.get().score == 4
    assert "satisfaction 4.0 of 5 (n = 1)" in browse(mei).get(address).text


def test_a_document_is_kept_by_its_hash_and_opens_as_an_attachment(browse, acme, alice, address):
    file = SimpleUploadedFile("../..\\evil\nname.html", b"<b>hello</b>", "text/html")
    assert browse(alice).post(f"{address}documents/", {"file": file}).status_code == 302
    with tenant_scope(acme):
        row = Document.objects.get()
        assert row.file_name == "evilname.html" and row.title == "evilname.html"
        assert row.sha256 in row.storage_key
        assert row.storage_key.startswith(f"tenants/{acme.pk}/documents/")
    answer = browse(alice).get(f"{address}documents/{row.pk}/", follow=True)
    assert answer.content == b"<b>hello</b>"
    assert answer["Content-Disposition"] == 'attachment; filename="evilname.html"'
    assert answer["Content-Security-Policy"].startswith("sandbox")


def test_a_document_too_large_or_empty_is_refused(browse, alice, address, monkeypatch):
    monkeypatch.setattr(documents, "MOST_BYTES", 4)
    for content in (b"12345", b""):
        file = SimpleUploadedFile("a.txt", content)
        assert browse(alice).post(f"{address}documents/", {"file": file}).status_code == 422


def test_a_removed_document_stays_on_record_and_opens_no_more(browse, acme, alice, bob, address):
    browse(alice).post(f"{address}documents/", {"file": SimpleUploadedFile("a.txt", b"12")})
    with tenant_scope(acme):
        row = Document.objects.get()
    assert browse(bob).get(f"{address}documents/{row.pk}/").status_code == 302
    assert browse(bob).post(f"{address}documents/{row.pk}/remove/").status_code == 403
    assert browse(alice).post(f"{address}documents/{row.pk}/remove/").status_code == 302
    assert browse(alice).get(f"{address}documents/{row.pk}/").status_code == 404
    with tenant_scope(acme):
        row.refresh_from_db()
        assert row.removed_by_label == "Alice"


def test_the_same_file_twice_is_kept_and_counted_twice(browse, acme, alice, address):
    for _ in range(2):
        browse(alice).post(f"{address}documents/", {"file": SimpleUploadedFile("a.txt", b"12")})
    with tenant_scope(acme):
        first, second = Document.objects.order_by("created_at")
    assert first.sha256 == second.sha256 and first.storage_key != second.storage_key
    browse(alice).post(f"{address}documents/{first.pk}/remove/")
    answer = browse(alice).get(f"{address}documents/{second.pk}/", follow=True)
    assert answer.content == b"12"


def test_what_a_key_added_is_the_customers_to_remove(browse, client, acme, alice, engagement):
    headers = {"Authorization": f"Bearer {factories.api_key(acme, alice, 'data')}"}
    page = f"/api/v1/tenants/acme/engagements/{engagement.pk}/documents"
    file = {"file": SimpleUploadedFile("a.txt", b"12")}
    made = client.post(page, file, headers=headers).json()
    assert browse(alice).delete(f"{page}/{made['id']}").status_code == 204


def test_what_the_vendor_added_stays_theirs_when_who_did_has_left(
    browse, acme, alice, mei, address
):
    browse(mei).post(f"{address}documents/", {"file": SimpleUploadedFile("a.txt", b"12")})
    type(mei).objects.filter(pk=mei.pk).update(is_active=False)
    with tenant_scope(acme):
        row = Document.objects.get()
    page = browse(alice).post(f"{address}documents/{row.pk}/remove/", follow=True).text
    assert "The vendor added this document" in page
    with tenant_scope(acme):
        assert Document.objects.filter(removed_at=None).exists()


def test_private_documents_open_for_the_vendor_only(browse, acme, alice, mei, address):
    file = SimpleUploadedFile("offer.txt", b"12")
    browse(mei).post(f"{address}documents/", {"file": file, "is_private": "on"})
    with tenant_scope(acme):
        row = Document.objects.get()
    assert browse(alice).get(f"{address}documents/{row.pk}/").status_code == 404
    assert browse(mei).get(f"{address}documents/{row.pk}/").status_code == 302
    assert "offer.txt" not in browse(alice).get(address).text


def test_a_decision_is_replaced_once_and_by_a_shared_one(browse, acme, mei, engagement, address):
    with tenant_scope(acme):
        first = milestones.record_decision(engagement, "Two classes", reason="Enough.", by=mei)
    answers = {"title": "Three classes", "reason": "A new fault.", "replaces": first.pk}
    hidden = browse(mei).post(f"{address}decisions/", answers | {"is_private": "on"})
    assert hidden.status_code == 422
    assert browse(mei).post(f"{address}decisions/", answers).status_code == 302
    assert "replaced by “Three classes”" in browse(mei).get(address).text
    again = browse(mei).post(f"{address}decisions/", answers | {"title": "Four classes"})
    assert again.status_code == 422
