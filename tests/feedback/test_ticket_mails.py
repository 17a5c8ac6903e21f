"""Mails that come in: taken into the ticket they answer, from the person they were sent to."""

import io
import os
import sys
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.scoping import tenant_scope
from feedback.models import Ticket
from feedback.tickets import addresses, services
from feedback.tickets.receiving import NotTaken, receive
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _reply_address(settings):
    settings.LEPTON_REPLY_ADDRESS = "support@vendor.example"


@pytest.fixture
def ticket(acme, alice, mei, django_capture_on_commit_callbacks):
    """A ticket that Mei answered: Alice has a mail with an address to reply to."""
    engagement = factories.engagement(acme, alice)
    with tenant_scope(acme), django_capture_on_commit_callbacks(execute=True):
        made = services.open_ticket(engagement, subject="Broken", text="See.", by=alice)
        services.say(made, text="Which lamp?", by=mei)
    return made


@pytest.fixture
def address():
    [reply_to] = mail.outbox[-1].reply_to
    return reply_to


def letter(sender, to, text="The left one.", **headers):
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Message-ID"] = headers.pop("message_id", "<1@acme.example>")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def said(ticket):
    with tenant_scope(ticket.tenant_id):
        return list(ticket.messages.order_by("created_at").values_list("text", "via", "side"))


def test_a_reply_becomes_a_message(ticket, address, alice):
    text = "The left one.\n\n> Which lamp?\n> more"
    receive(letter(f"Alice <{alice.email}>", address, text).as_bytes())
    assert said(ticket)[-1] == ("The left one.", "mail", "customer")
    with tenant_scope(ticket.tenant_id):
        assert Ticket.objects.get().state == "open"


def test_the_address_survives_capitals_and_the_envelope_counts(ticket, address, alice):
    raw = letter(alice.email, "somebody@else.example").as_bytes()
    receive(raw, [address.upper()])
    assert said(ticket)[-1][1] == "mail"


def test_our_own_mail_below_the_line_is_cut_off(ticket, address, alice):
    text = f"Left.\n\n{mail.outbox[-1].body}"
    receive(letter(alice.email, address, text).as_bytes())
    assert said(ticket)[-1][0] == "Left."


def test_the_same_mail_twice_is_one_message(ticket, address, alice):
    raw = letter(alice.email, address).as_bytes()
    assert receive(raw) == receive(raw)
    assert len(said(ticket)) == 3


def test_html_is_read_as_text_and_a_file_comes_along(ticket, address, alice):
    message = letter(alice.email, address)
    message.set_content("<p>The <b>left</b> one &amp; the right.</p>", subtype="html")
    message.add_attachment(b"see", maintype="text", subtype="plain", filename="lamp.txt")
    message.add_attachment(b"see", maintype="text", subtype="plain", filename="more.txt")
    taken = receive(message.as_bytes())
    assert taken.text.startswith("The left one & the right.") and "more.txt" in taken.text
    with tenant_scope(ticket.tenant_id):
        assert taken.document.file_name == "lamp.txt"


@pytest.mark.parametrize("sender", ["carol@globex.example", "bob@acme.example", "x@y.example"])
def test_strangers_are_refused(ticket, address, carol, bob, sender):
    with pytest.raises(NotTaken) as refused:
        receive(letter(sender, address).as_bytes())
    assert refused.value.code == os.EX_NOUSER
    assert len(said(ticket)) == 2


def test_an_address_cannot_be_made_up(ticket, address, alice):
    forged = address.replace(address[-30:-22], "aaaaaaaa")
    for to in (forged, "support@vendor.example", "support+abc@vendor.example"):
        with pytest.raises(NotTaken):
            receive(letter(alice.email, to).as_bytes())
    local = addresses.make(ticket.pk, alice.pk).partition("@")[0]
    assert len(local) <= 64  # what mail servers take


def test_who_left_is_refused(ticket, address, alice):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(NotTaken):
        receive(letter(alice.email, address).as_bytes())


def test_automatic_replies_are_dropped_quietly(ticket, address, alice, piped):
    piped(letter(alice.email, address, Auto_Submitted="auto-replied"))
    assert len(said(ticket)) == 2


@pytest.fixture
def piped(monkeypatch):
    """Pipe a mail into the command, as a mail server does."""

    def pipe(message, *arguments):
        stdin = SimpleNamespace(buffer=io.BytesIO(message.as_bytes()))
        monkeypatch.setattr(sys, "stdin", stdin)
        out = io.StringIO()
        call_command("receive_mail", *arguments, stdout=out)
        return out.getvalue()

    return pipe


def test_a_mail_server_pipes_it_in(ticket, address, alice, piped):
    out = piped(letter(alice.email, "list@else.example"), "--recipient", address)
    assert out.startswith("Taken")
    with pytest.raises(CommandError) as refused:
        piped(letter("x@y.example", address))
    assert refused.value.returncode == os.EX_NOUSER


def test_an_empty_mail_is_sent_back(ticket, address, alice, piped):
    with pytest.raises(CommandError) as refused:
        piped(letter(alice.email, address, "> only a quote"))
    assert refused.value.returncode == os.EX_DATAERR
