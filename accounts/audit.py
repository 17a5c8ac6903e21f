"""Audit entries: written by every service in the transaction of its change."""

from datetime import timedelta

from django.utils import timezone

from accounts import chain
from accounts.models import AuditEntry, PlatformAuditEntry, User
from lepton.lib import words

SITTING = timedelta(minutes=10)


def record(verb, subject, *, by, **detail):
    """Note that `by` (a User, an API key's caller, or None for Lepton itself) did `verb`.

    Goes last in its transaction: it locks the tenant's audit chain until the commit.
    """
    with words.in_english():
        entry = AuditEntry(
            user=by if isinstance(by, User) else None,
            api_key_id=getattr(by, "key_id", None),
            actor_label=label_of(by),
            verb=verb,
            subject_type=subject._meta.label_lower,
            subject_id=subject.pk,
            subject_label=getattr(subject, "audit_label", str(subject))[:200],
            detail=words.kept(detail),
        )
    return chain.append(entry)


def record_portfolio(*, by):
    """Note that vendor staff looked at the portfolio: once a sitting, not at each refresh."""
    a_while_ago = timezone.now() - SITTING
    seen = PlatformAuditEntry.objects.filter(user=by, verb="portfolio.opened", at__gt=a_while_ago)
    if not seen.exists():
        PlatformAuditEntry.objects.create(user=by, verb="portfolio.opened")


def label_of(actor) -> str:
    return actor.actor_label if actor else "Lepton"
