"""Invitations: how a new member comes to their first password.

The link is the one of a password reset: it works once, and for settings.PASSWORD_RESET_TIMEOUT.
"""

from dataclasses import dataclass

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, mails, services, system
from accounts.models import Membership, Tenant
from accounts.scoping import active_tenant_id

UNDELIVERED = ("console", "dummy", "filebased")


@dataclass(frozen=True)
class Invitation:
    """A membership, and the link its inviter has to pass on where no mail is delivered."""

    membership: Membership
    link: str = ""


def invite(email, *, name, role, by):
    """Make a person a member of the active tenant and tell them so by mail."""
    with transaction.atomic():
        membership = services.add_member(email, name=name, role=role, by=by)
        return _send(membership, by=by)


def invite_again(membership, *, by):
    """Send a new link to a member who never chose a password; earlier links stop working."""
    if not membership.user.is_invited:
        raise ValidationError(_("This person has a password already: they can sign in."))
    with transaction.atomic():
        audit.record("member.invited_again", membership.user, by=by)
        return _send(membership, by=by)


def _send(membership, *, by):
    link = _first_password_link(membership.user) if membership.user.is_invited else ""
    _mail(membership.user, link, by)
    may_see = link and not mail_is_delivered() and _is_theirs_to_let_in(membership.user, by)
    return Invitation(membership, link if may_see else "")


def _first_password_link(user) -> str:
    user.set_unusable_password()  # earlier links carry the old value in their signature
    user.save(update_fields=["password"])
    token = default_token_generator.make_token(user)
    key = {"uidb36": user_pk_to_url_str(user), "key": token}
    path = reverse("account_reset_password_from_key", kwargs=key)
    return f"{settings.LEPTON_PUBLIC_URL}{path}"


def mail_is_delivered() -> bool:
    """Say whether the mail backend takes mail to people rather than to a screen or a file."""
    return not any(name in settings.EMAIL_BACKEND for name in UNDELIVERED)


def _is_theirs_to_let_in(user, by) -> bool:
    """Whoever holds the link becomes that person, in every tenant they are a member of."""
    everywhere = {tenant.id for tenant in system.tenants_of(user)}
    return getattr(by, "is_vendor_staff", False) or everywhere <= {active_tenant_id()}


def _mail(user, link, by):
    tenant = Tenant.objects.get(pk=active_tenant_id())
    words = {"tenant": tenant, "by": by, "link": link}
    words["site"] = settings.LEPTON_PUBLIC_URL
    subject = _("%(tenant)s on Lepton: you have been invited") % {"tenant": tenant}
    mails.send(user, subject, "accounts/mail_invitation.txt", words)
