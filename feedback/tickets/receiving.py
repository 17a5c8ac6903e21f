"""Mails that come in: a reply to a ticket's signed address becomes a message there."""

import os
import re
from email import message_from_bytes, policy
from email.utils import getaddresses, parseaddr
from html import unescape

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.scoping import tenant_scope
from accounts.system import call
from engagements import documents
from feedback.tickets import addresses, services
from feedback.tickets.mails import ABOVE
from feedback.tickets.models import Ticket, TicketMessage

MOST_BYTES = 30 * 1024**2
TO = ("Delivered-To", "X-Original-To", "To", "Cc")
QUOTES = re.compile(
    r"^(>|-----Original Message-----|_{20,}|On .{5,200} wrote:$)"  # where the mail answered begins
)


class NotTaken(Exception):
    """A mail that is refused; `code` is for the mail server that piped it (sysexits.h)."""

    def __init__(self, words, code):
        super().__init__(words)
        self.code = code


def receive(raw: bytes, recipients=()) -> TicketMessage:
    """Append a mail to the ticket it answers. Raises NotTaken for strangers and nonsense.

    `recipients` are those of the envelope; without them the headers are read.
    """
    mail = _parsed(raw)
    ticket_id, signature = _addressed(mail, recipients)
    found = call("lepton_tenant_of_ticket", ticket_id)
    if not found:
        raise _unknown()
    tenant_id = found[0][0]
    with tenant_scope(tenant_id):
        sender = _sender(mail, ticket_id, signature)
        known = TicketMessage.objects.filter(ticket=ticket_id, mail_id=_id(mail)).first()
    if known and _id(mail):
        return known
    file = _attachment(mail, tenant_id)
    try:
        with tenant_scope(tenant_id):
            ticket = Ticket.objects.get(pk=ticket_id)
            said = {
                "text": _text(mail) + _left_out(mail),
                "via": TicketMessage.Via.MAIL,
                "mail_id": _id(mail),
            }
            return services.say(ticket, **said, file=file, by=sender)
    except ValidationError as error:
        raise NotTaken(" ".join(error.messages), os.EX_DATAERR) from error


def _parsed(raw):
    if len(raw) > MOST_BYTES:
        raise NotTaken(_("The mail is too large."), os.EX_DATAERR)
    mail = message_from_bytes(raw, policy=policy.default)
    automatic = str(mail.get("Auto-Submitted", "no")).lower() != "no"
    if automatic or str(mail.get("Precedence", "")).lower() in ("bulk", "junk", "list"):
        raise NotTaken(
            _("Automatic mails are not taken."), os.EX_OK
        )  # bouncing would go in circles
    return mail


def _addressed(mail, recipients):
    headers = [str(value) for name in TO for value in mail.get_all(name, [])]
    for _name, address in [*getaddresses(list(recipients)), *getaddresses(headers)]:
        if found := addresses.read(address):
            return found
    raise _unknown()


def _sender(mail, ticket_id, signature) -> User:
    """The person a reply address was made for, if the mail says to be from them."""
    address = parseaddr(str(mail.get("From", "")))[1].lower()
    user = User.objects.filter(email=address, is_active=True).first()
    if user is None or not addresses.is_of(signature, ticket_id, user.pk):
        raise _unknown()
    if not user.is_vendor_staff and not Membership.objects.filter(user=user).exists():
        raise _unknown()
    return user


def _unknown():
    return NotTaken(_("There is no such address for this sender."), os.EX_NOUSER)


def _id(mail) -> str:
    return str(mail.get("Message-ID", "")).strip()[:300]


def _text(mail) -> str:
    """What was written above the quoted mail."""
    body = mail.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = body.get_content()
    if body.get_content_type() == "text/html":
        text = unescape(strip_tags(re.sub(r"(?i)<(br|/p|/div)[^>]*>", "\n", text)))
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if ABOVE in line or QUOTES.match(line.strip()):
            break
        lines.append(line.rstrip())
    return "\n".join(lines).strip()


def _attachment(mail, tenant_id):
    """The first attachment, stored; further ones are left out."""
    for part in mail.iter_attachments():
        data = part.get_payload(decode=True)
        if data and part.get_filename():
            return _store(ContentFile(data, name=part.get_filename()), tenant_id)
    return None


def _left_out(mail) -> str:
    """Names the attachments that were not taken: a message has one file."""
    names = [part.get_filename() for part in mail.iter_attachments() if part.get_filename()]
    words = _("Not taken, since a message has one file: %s.") % ", ".join(names[1:])
    return f"\n\n{words}" if names[1:] else ""


def _store(file, tenant_id):
    try:
        return documents.store(file, tenant_id=tenant_id)
    except ValidationError as error:
        raise NotTaken(" ".join(error.messages), os.EX_DATAERR) from error
