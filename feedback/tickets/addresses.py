"""Addresses that a reply by mail goes to: each for one person and one ticket, and signed.

The part before the @ holds the ticket's id and a signature over it and the person, in lower-case
base32, since mail servers may change the case of it.
"""

import base64
import hashlib
import hmac
import re
import uuid

from django.conf import settings

SALT = b"lepton.tickets.reply"
SIGNATURE_BYTES = 15
TOKEN = re.compile(r"\+([a-z2-7]{26})([a-z2-7]{24})@")


def make(ticket_id, user_id) -> str:
    """Return the address for a person's replies to a ticket; "" where none is set up."""
    local, at, domain = settings.LEPTON_REPLY_ADDRESS.rpartition("@")
    if not at:
        return ""
    return f"{local}+{_text(ticket_id.bytes)}{_text(_signature(ticket_id, user_id))}@{domain}"


def read(address: str) -> tuple[uuid.UUID, str] | None:
    """Return the ticket an address is of and its signature, or None for any other address."""
    found = TOKEN.search(address.lower())
    if found is None:
        return None
    ticket, signature = found.groups()
    return uuid.UUID(bytes=base64.b32decode(ticket.upper() + "======")), signature


def is_of(signature: str, ticket_id, user_id) -> bool:
    """Say whether that address was made for this person."""
    return hmac.compare_digest(signature, _text(_signature(ticket_id, user_id)))


def _signature(ticket_id, user_id) -> bytes:
    key = hashlib.sha256(SALT + settings.SECRET_KEY.encode()).digest()
    message = ticket_id.bytes + user_id.bytes
    return hmac.new(key, message, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
