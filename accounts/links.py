"""Links in mails: each lets one person in at one page of a tenant, once, and for a while.

Mail scanners open addresses, so opening one changes nothing: what counts is the button there.
"""

import secrets
from datetime import timedelta

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, keys, system
from accounts.models import EmailLink, Membership
from lepton.lib.refusals import Conflict


class Purpose(models.TextChoices):
    """What a link is for, as its page says it."""

    ACTION = "action", gettext_lazy("see what you are asked to do")
    SIGN = "signoff", gettext_lazy("read and sign")
    RATE = "rate", gettext_lazy("rate what was reached")


def make(user, purpose, path, *, hours) -> str:
    """Return an address that lets `user` in at `path` of the active tenant; kept only hashed."""
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        raise ValueError("A link leads to a page of this site.")
    token = secrets.token_urlsafe(32)
    EmailLink.objects.create(
        user=user,
        purpose=Purpose(purpose),
        path=path,
        token_sha256=keys.digest(token),
        expires_at=timezone.now() + timedelta(hours=hours),
    )
    return f"{settings.LEPTON_PUBLIC_URL}{reverse('accounts:link', args=[token])}"


def was_made(user, purpose, path, *, since) -> bool:
    """Say whether somebody was sent such a link since then."""
    made = EmailLink.objects.filter(user=user, purpose=purpose, path=path)
    return made.filter(created_at__gt=since).exists()


def tenant_of(token: str):
    """Return the id of the tenant a link belongs to, or None for one that was never made."""
    rows = system.call("lepton_email_link", keys.digest(token))
    return rows[0][1] if rows else None


def find(token: str) -> EmailLink:
    """Return a link of the active tenant."""
    found = EmailLink.objects.select_related("user", "tenant")
    return found.get(token_sha256=keys.digest(token))


def refuse_unless_open(link) -> None:
    """Raise Conflict in words when it was used or has expired."""
    if link.used_at:
        raise Conflict(_("This link was used already: it works once."))
    if link.expires_at <= timezone.now():
        raise Conflict(_("This link has expired."))


def use(link) -> bool:
    """Use a link up; returns whether it lets its person in without a further proof."""
    refuse_unless_open(link)
    now = timezone.now()
    still_open = EmailLink.objects.filter(pk=link.pk, used_at=None, expires_at__gt=now)
    with transaction.atomic():
        if not still_open.update(used_at=now):
            link.refresh_from_db()
            refuse_unless_open(link)
        audit.record("link.used", link.user, by=link.user, purpose=link.purpose, path=link.path)
    return is_proof_enough(link.user)


def is_proof_enough(user) -> bool:
    """A mailbox proves enough of an active member without a second factor; of staff never."""
    is_member = Membership.objects.filter(user=user).exists()
    return user.is_active and is_member and not user.is_vendor_staff and not is_mfa_enabled(user)
