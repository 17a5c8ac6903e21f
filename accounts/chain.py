"""The audit chain: each entry of a tenant carries the hash of the one before it.

Whoever edits, removes or inserts a row breaks a link; the head tells when the newest are missing.
"""

import uuid
from collections.abc import Iterator
from typing import NamedTuple

from django.db import connections, transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, AuditHead
from lepton.lib.canonical import sha256_of

AT_ONCE = 1000


class TenantName(NamedTuple):
    """A tenant as the operator names it."""

    id: uuid.UUID
    slug: str


def append(entry: AuditEntry) -> AuditEntry:
    """Save an entry as the newest link of the active tenant's chain.

    The head's row is the lock: it is taken last by every service, and held until the commit.
    """
    with transaction.atomic():
        head, _new = AuditHead.objects.select_for_update(no_key=True).get_or_create()
        entry.sequence, entry.previous_sha256 = head.sequence + 1, head.sha256
        entry.sha256 = sha256_of(entry.content)
        entry.save(force_insert=True)
        AuditHead.objects.filter(pk=head.pk).update(sequence=entry.sequence, sha256=entry.sha256)
    return entry


def faults() -> Iterator[str]:
    """Say of each broken link of the active tenant's chain what is wrong with it."""
    expected, before = 1, ""
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=AT_ONCE):
        if entry.sequence != expected:
            words = {"first": expected, "next": entry.sequence}
            yield _("entry %(first)s is missing (the next one is %(next)s)") % words
        elif entry.previous_sha256 != before:
            words = _("entry %(number)s (%(verb)s) does not follow the one before it")
            yield words % {"number": entry.sequence, "verb": entry.verb}
        if sha256_of(entry.content) != entry.sha256:
            words = _("entry %(number)s (%(verb)s) was changed or did not come from Lepton")
            yield words % {"number": entry.sequence, "verb": entry.verb}
        expected, before = entry.sequence + 1, entry.sha256
    yield from _faults_of_the_end(expected - 1, before)


def head() -> AuditHead | None:
    """Return the newest link as it was noted, or None before the first entry."""
    return AuditHead.objects.first()


def every_tenant() -> list[TenantName]:
    """Name all tenants, with the owner's right to act as lepton_system; for operators."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SET LOCAL ROLE lepton_system")
        cursor.execute("SELECT id, slug FROM accounts_tenant ORDER BY slug")
        return [TenantName(*row) for row in cursor.fetchall()]


def _faults_of_the_end(last, sha256):
    noted = head()
    if noted is None:
        yield _("there is no head: every tenant has at least the entry of its opening")
    elif noted.sequence > last:
        words = {"first": last + 1, "last": noted.sequence}
        yield _("entries %(first)s to %(last)s are missing at the end") % words
    elif (noted.sequence, noted.sha256) != (last, sha256):
        yield _("entry %s is not the head that was noted") % last
