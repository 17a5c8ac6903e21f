"""Tickets: asking for help, the conversation, response times, and what they count into."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from accounts.system import tenant_for
from engagements import asks, gates, health, response, standing
from engagements.models import Ask, Document, EngagementTemplate, Event, TimelineEntry, Webhook
from engagements.services import open_engagement
from feedback.models import Ticket
from feedback.tickets import services, times
from tests import factories

pytestmark = pytest.mark.django_db
ASKED = {"subject": "It says scratch", "text": "These parts are fine.", "severity": "high"}


@pytest.fixture
def engagement(acme, alice, mei):
    made = factories.engagement(acme, alice)
    made.account_manager = mei
    with tenant_scope(acme):
        made.save()
    return made


@pytest.fixture
def ticket(acme, alice, engagement):
    with tenant_scope(acme):
        return services.open_ticket(engagement, **ASKED, by=alice)


@pytest.fixture
def page(acme, engagement):
    """The address of a page: `page("say", ticket)`."""

    def address(name, *rows):
        return reverse(f"feedback:{name}", args=["acme", engagement.pk, *(r.pk for r in rows)])

    return address


def fresh(ticket):
    with tenant_scope(ticket.tenant_id):
        return Ticket.objects.get(pk=ticket.pk)


def test_a_customer_asks_for_help_on_the_page(browse, alice, page, acme):
    client = browse(alice)
    answer = client.post(page("tickets"), ASKED)
    assert answer.status_code == 302
    assert "These parts are fine." in client.get(answer.url).text
    with tenant_scope(acme):
        ticket = Ticket.objects.get()
        waits = (ticket.first_due_at - ticket.created_at).total_seconds()
        assert waits == pytest.approx(8 * 3600, abs=5)
        assert ticket.answer_due_at == ticket.first_due_at
        assert TimelineEntry.objects.filter(kind="ticket.opened").exists()
        assert AuditEntry.objects.filter(verb="ticket.opened").exists()


def test_the_page_teaches_before_the_first_one_and_names_the_times(browse, bob, page):
    text = browse(bob).get(page("tickets")).text
    assert "Nobody needed help yet" in text and "72 hours" in text
    assert "ask an owner of your organisation" in text  # Bob may only read


def test_a_ticket_is_about_a_prediction_or_a_model(browse, alice, place):
    client = browse(alice)
    url = reverse("feedback:tickets", args=["acme", place.engagement.pk])
    about = {"prediction": place.prediction.pk, "model_version": place.model.pk}
    made = client.post(url, ASKED | about)
    text = client.get(made.url).text
    assert str(place.prediction.pk) in text and str(place.model.pk) in text
    address = reverse(
        "feedback:prediction", args=["acme", place.engagement.pk, place.prediction.pk]
    )
    assert f"?prediction={place.prediction.pk}#ask" in client.get(address).text


def test_a_prediction_of_another_engagement_is_refused(browse, alice, place, acme):
    other = factories.engagement(acme, alice, "Another one")
    url = f"/api/v1/tenants/acme/engagements/{other.pk}/tickets"
    body = ASKED | {"prediction": str(place.prediction.pk)}
    answer = browse(alice).post(url, body, content_type="application/json")
    assert answer.status_code == 400 and "prediction" in answer.json()["fields"]


def test_the_vendor_answers_and_then_it_waits_for_the_customer(browse, mei, alice, page, ticket):
    browse(mei).post(page("say", ticket), {"text": "We look into it."})
    row = fresh(ticket)
    assert (row.state, row.answer_due_at) == ("waiting", None) and row.first_response_at
    browse(alice).post(page("say", ticket), {"text": "Thank you, here is more."})
    row = fresh(ticket)
    assert row.state == "open" and row.answer_due_at


def test_the_vendor_may_say_that_more_is_to_come(browse, mei, page, ticket):
    browse(mei).post(page("say", ticket), {"text": "We are on it.", "keeps_open": "on"})
    row = fresh(ticket)
    assert (row.state, row.answer_due_at) == ("open", None)


def test_a_private_note_is_never_the_customer_s(browse, mei, alice, page, ticket, acme):
    browse(mei).post(page("say", ticket), {"text": "Their lamp again.", "is_private": "on"})
    row = fresh(ticket)
    assert row.first_response_at is None and row.answer_due_at  # a note is no answer
    client = browse(alice)
    api = f"/api/v1/tenants/acme/tickets/{ticket.pk}/messages"
    assert "lamp" in browse(mei).get(page("ticket", ticket)).text
    assert "lamp" in browse(mei).get(api).text
    assert "lamp" not in client.get(page("ticket", ticket)).text
    answer = client.get(api)
    assert "lamp" not in answer.text and "is_private" not in answer.text
    refused = client.post(api, {"text": "x", "is_private": True}, content_type="application/json")
    assert refused.status_code == 400 and "is_private" in refused.json()["fields"]


def test_it_is_resolved_and_a_reply_reopens_it(browse, mei, alice, page, ticket):
    browse(mei).post(page("resolve", ticket))
    row = fresh(ticket)
    assert row.state == "resolved" and row.resolved_at and row.answer_due_at is None
    api = f"/api/v1/tenants/acme/tickets/{ticket.pk}"
    again = browse(mei).post(f"{api}/resolve")
    assert again.status_code == 409
    browse(alice).post(page("say", ticket), {"text": "It is back."})
    row = fresh(ticket)
    assert (row.state, row.resolved_at) == ("reopened", None) and row.answer_due_at
    assert browse(alice).post(f"{api}/reopen").status_code == 409


def test_a_file_comes_along_as_a_document(browse, alice, page, ticket, acme):
    file = SimpleUploadedFile("lamp.txt", b"see here")
    browse(alice).post(page("say", ticket), {"text": "This one.", "file": file})
    assert "lamp.txt" in browse(alice).get(page("ticket", ticket)).text
    with tenant_scope(acme):
        assert Document.objects.get().sha256
    empty = SimpleUploadedFile("empty.txt", b"")
    refused = browse(alice).post(page("say", ticket), {"text": "This one.", "file": empty})
    assert refused.status_code == 422


def test_the_vendor_triages_and_the_target_moves_with_severity(browse, mei, alice, page, ticket):
    before = ticket.first_due_at
    browse(mei).post(page("triage", ticket), {"severity": "critical", "assignee": mei.pk})
    row = fresh(ticket)
    assert (row.severity, row.assignee) == ("critical", mei)
    assert before - row.first_due_at == timedelta(hours=4)
    api = f"/api/v1/tenants/acme/tickets/{ticket.pk}"
    body = {"severity": "low"}
    assert browse(alice).patch(api, body, content_type="application/json").status_code == 400
    body = {"assignee": alice.email}
    refused = browse(mei).patch(api, body, content_type="application/json")
    assert refused.status_code == 400 and "assignee" in refused.json()["fields"]


def test_a_customer_does_not_learn_who_has_an_account(browse, alice, carol, ticket):
    api = f"/api/v1/tenants/acme/tickets/{ticket.pk}"
    found = [
        browse(alice).patch(api, {"assignee": email}, content_type="application/json")
        for email in (carol.email, "nobody@globex.example")
    ]
    assert [one.status_code for one in found] == [400, 400]
    first, second = (one.json() for one in found)
    assert first["detail"] == second["detail"] and first["error"] == second["error"]
    assert "The vendor says who sees to a ticket" in first["error"]


def test_response_times_are_promised_per_engagement(
    browse, mei, bob, page, acme, engagement, alice
):
    url = f"/api/v1/tenants/acme/engagements/{engagement.pk}"
    json = {"content_type": "application/json"}
    answer = browse(mei).patch(f"{url}/response-hours", {"critical": 1}, **json)
    assert answer.json()["hours"] == {"critical": 1, "high": 8, "normal": 24, "low": 72}
    assert browse(bob).get(f"{url}/support").json()["hours"]["critical"] == 1
    ravi = factories.staff("Ravi", "ml_engineer")
    assert browse(ravi).post(page("promise_response"), {"low": 3}).status_code == 403
    wrong = browse(mei).post(page("promise_response"), {"low": 0})
    assert wrong.status_code == 422
    with tenant_scope(acme):
        made = services.open_ticket(engagement, **ASKED | {"severity": "critical"}, by=alice)
        assert (made.first_due_at - made.created_at).total_seconds() < 3700


def test_a_template_brings_its_response_times(mei, acme):
    template = EngagementTemplate.objects.create(
        key="fast", name="Fast", phases=["poc", "fine_tuning"], response_hours={"low": 10}
    )
    with tenant_scope(acme):
        made = open_engagement("Quick help", template=template, by=mei)
        assert response.hours_of(made)["low"] == 10


def test_tickets_count_into_health(acme, mei, alice, engagement, ticket):
    with tenant_scope(acme):
        assert times.of(engagement)["due"] == 0
        services.say(ticket, text="We look into it.", by=mei)
        late = services.open_ticket(engagement, **ASKED, by=alice)
        an_hour_ago = timezone.now() - timedelta(hours=1)
        Ticket.objects.filter(pk=late.pk).update(
            first_due_at=an_hour_ago, answer_due_at=an_hour_ago
        )
        found = {one["key"]: one for one in health.look(engagement)}["feedback.tickets"]
    assert found["score"] == 0.5
    assert found["evidence"]["due"] == 2 and found["evidence"]["overdue"] == 1


def test_tickets_are_asked_of_whose_turn_it_is(acme, mei, alice, engagement, ticket):
    with tenant_scope(acme):
        standing.refresh(engagement.pk)
        [ask] = Ask.objects.filter(kind="ticket.answer")
        assert (ask.side, asks.sentence(ask)) == ("vendor", "Answer ticket #1: It says scratch")
        services.say(ticket, text="Which lamp?", by=mei)
        standing.refresh(engagement.pk)
        [ask] = Ask.objects.filter(kind="ticket.reply")
        assert (ask.side, ask.user) == ("customer", alice)
        services.resolve(ticket, by=mei)
        standing.refresh(engagement.pk)
        assert not Ask.objects.filter(kind__startswith="ticket").exists()


def test_a_severe_ticket_holds_up_the_go_live(acme, mei, engagement, ticket):
    with tenant_scope(acme):
        type(engagement).objects.filter(pk=engagement.pk).update(phase="go_live")
        engagement.refresh_from_db()

        def found():
            checks = {check.key: check for check in gates.look(engagement).checks}
            return checks["feedback.no_severe_ticket"].finding

        assert not found().met and "#1" in found().words
        services.triage(ticket, severity="normal", by=mei)
        assert found().met


def test_webhooks_are_told(acme, alice, engagement):
    with tenant_scope(acme):
        Webhook.objects.create(
            url="https://hooks.example/", events=["ticket.opened"], secret="x", created_by_label="A"
        )
        services.open_ticket(engagement, **ASKED, by=alice)
        assert Event.objects.get().data["params"]["about"] == "It says scratch"


def test_the_queue_shows_all_tenants_the_longest_overdue_first(
    browse, mei, alice, carol, acme, ticket
):
    globex = tenant_for(carol, "globex")
    other = factories.engagement(globex, carol, "X-rays")
    with tenant_scope(globex):
        late = services.open_ticket(other, **ASKED | {"subject": "Still waiting"}, by=carol)
        Ticket.objects.filter(pk=late.pk).update(answer_due_at=timezone.now() - timedelta(hours=2))
    client = browse(mei)
    text = client.get(reverse("feedback:ticket_queue")).text
    assert text.index("Still waiting") < text.index("It says scratch")
    assert "Globex Health" in text and "overdue" in text
    rows = client.get("/api/v1/tickets").json()["results"]
    assert [row["tenant"] for row in rows] == ["globex", "acme"]
    assert browse(alice).get("/api/v1/tickets").status_code == 404


def test_the_queue_takes_as_many_queries_for_many_as_for_few(
    browse,
    mei,
    alice,
    acme,
    engagement,
    ticket,
    django_assert_max_num_queries,
    django_assert_num_queries,
):
    client = browse(mei)
    client.get(reverse("feedback:ticket_queue"))
    with django_assert_max_num_queries(12) as few:
        client.get(reverse("feedback:ticket_queue"))
    with tenant_scope(acme):
        for _number in range(8):
            services.open_ticket(engagement, **ASKED, by=alice)
    with django_assert_num_queries(len(few)):
        client.get(reverse("feedback:ticket_queue"))


def test_messages_go_out_by_mail_to_the_other_side(
    acme, mei, alice, engagement, django_capture_on_commit_callbacks
):
    with tenant_scope(acme), django_capture_on_commit_callbacks(execute=True):
        ticket = services.open_ticket(engagement, **ASKED, by=alice)
        services.say(ticket, text="We look into it.", by=mei)
        services.say(ticket, text="Their lamp again.", by=mei, is_private=True)
    to_mei, to_alice = mail.outbox
    assert (to_mei.to, to_alice.to) == ([mei.email], [alice.email])
    assert to_mei.subject == "[#1] It says scratch" and "These parts are fine." in to_mei.body
    assert "We look into it." in to_alice.body and "/tickets/" in to_alice.body
    assert not to_alice.reply_to and "reply on the page" in to_alice.body


def test_strangers_and_viewers_are_kept_out(browse, carol, bob, page, ticket):
    assert browse(carol).get(page("ticket", ticket)).status_code == 404
    for tenant in ("acme", "globex"):
        assert browse(carol).get(f"/api/v1/tenants/{tenant}/tickets/{ticket.pk}").status_code == 404
    assert browse(bob).get(page("ticket", ticket)).status_code == 200
    assert browse(bob).post(page("say", ticket), {"text": "Hello"}).status_code == 403


def test_a_key_opens_tickets_too(client, acme, alice, engagement):
    secret = factories.api_key(acme, alice, "feedback", "view")
    url = f"/api/v1/tenants/acme/engagements/{engagement.pk}/tickets"
    headers = {"Authorization": f"Bearer {secret}"}
    made = client.post(url, ASKED, content_type="application/json", headers=headers)
    assert made.status_code == 201 and made.json()["created_by"] == "API key test client"
    address = f"/api/v1/tenants/acme/tickets/{made.json()['id']}/messages"
    [said] = client.get(address, headers=headers).json()["results"]
    assert (said["via"], said["side"]) == ("api", "customer")
