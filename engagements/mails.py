"""Mails that ask people of the customer for something, each with a link that lets them in once.

Called by services before their audit entry, which takes what is returned: whom they mailed.
"""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, links, mails
from accounts.links import Purpose
from accounts.models import Membership, User
from accounts.roles import Capability, Role, may
from engagements import pages, signoffs
from engagements.models import Engagement, Side, Signoff
from lepton.lib.refusals import Conflict

LINK_HOURS = 72
PAUSE = timedelta(hours=1)  # between two reminders of one person of one matter


def ask_to_sign(engagement, kind, *, by) -> dict:
    """Mail the customer's deciders who have not signed, but for who just acted."""
    return _noted([_sign(engagement, kind, one) for one in _signers(engagement, kind) if one != by])


def ask_for_item(item, *, by) -> dict:
    """Mail the customer's person whom an open action item was given to, unless by themself."""
    asked = _is_theirs(item) and item.assignee != by
    return _noted([_item(item)] if asked else [])


def ask_to_rate(milestone, *, by) -> dict:
    """Mail the customer's owners that a milestone is reached, for them to rate it."""
    if milestone.is_private:
        return {}
    owners = Membership.objects.by_name().filter(role=Role.OWNER, user__is_active=True)
    return _noted([_rate(milestone, one.user) for one in owners if one.user != by])


def remind_to_sign(engagement, kind, *, by) -> list[User]:
    """Mail again those of the customer who have not signed; returns whom."""
    _refuse_unless_vendor(by)
    path = _signing_path(engagement, kind)
    with transaction.atomic():
        Engagement.objects.locked(engagement.pk)
        waiting = _signers(engagement, kind)
        people = [one for one in waiting if not _was_mailed(one, Purpose.SIGN, path)]
        _refuse_unless_somebody(people, waiting)
        named = _noted([_sign(engagement, kind, one) for one in people])
        audit.record("reminder.mailed", engagement, by=by, about=f"sign {kind}", **named)
    return people


def remind_of_item(item, *, by) -> list[User]:
    """Mail again the customer's person who has to do an open action item."""
    _refuse_unless_vendor(by)
    with transaction.atomic():
        Engagement.objects.locked(item.engagement_id)
        item.refresh_from_db()
        waiting = [item.assignee] if _is_theirs(item) else []
        path = _item_path(item)
        people = [one for one in waiting if not _was_mailed(one, Purpose.ACTION, path)]
        _refuse_unless_somebody(people, waiting)
        audit.record("reminder.mailed", item, by=by, **_noted([_item(item)]))
    return people


def _sign(engagement, kind, user):
    subject = _("%(engagement)s: your signature is asked for") % {"engagement": engagement.name}
    path, words = _signing_path(engagement, kind), {"what": kind.label}
    return _mail(engagement, user, Purpose.SIGN, path, subject, "sign", words)


def _item(item):
    engagement = item.engagement
    subject = _("%(engagement)s: something waits for you") % {"engagement": engagement.name}
    words, path = {"item": item}, _item_path(item)
    return _mail(engagement, item.assignee, Purpose.ACTION, path, subject, "item", words)


def _rate(milestone, user):
    engagement, words = milestone.engagement, {"milestone": milestone}
    subject = _("%(engagement)s: how satisfied are you?") % {"engagement": engagement.name}
    path = reverse("engagements:rate", args=[engagement.tenant.slug, engagement.pk, milestone.pk])
    return _mail(engagement, user, Purpose.RATE, path, subject, "rate", words)


def _mail(engagement, user, purpose, path, subject, template, words):
    link = links.make(user, purpose, path, hours=LINK_HOURS)
    words = words | {"engagement": engagement, "tenant": engagement.tenant}
    words |= {"link": link, "hours": LINK_HOURS}
    mails.send(user, subject, f"engagements/mail_{template}.txt", words)
    return user


def _signers(engagement, kind):
    """The members who may sign still and whose signature is missing: deciders of the contract.

    The requirement is signed by any one of them.
    """
    if signoffs.statement(engagement, kind) is None:
        return []
    roles = [role for role in Role if may(role, Capability.ENGAGE)]
    members = Membership.objects.by_name().filter(role__in=roles, user__is_active=True)
    if kind == Signoff.Kind.REQUIREMENT:
        signed = {one.side for one in signoffs.standing(engagement, kind)}
        return [one.user for one in members if Side.CUSTOMER not in signed]
    waited_for = signoffs.waited_for(engagement, kind)
    deciders = {one.user_id for one in waited_for if one.side == Side.CUSTOMER}
    return [one.user for one in members if one.user_id in deciders]


def _is_theirs(item) -> bool:
    return item.is_open and item.side == Side.CUSTOMER and item.assignee is not None


def _signing_path(engagement, kind):
    """Where a kind is signed; the kind makes it a matter of its own."""
    return f"{signoffs.page_of(engagement, kind)}#sign-{kind}"


def _item_path(item):
    return f"{pages.url('engagements:plan', item.engagement)}#item-{item.pk}"


def _was_mailed(user, purpose, path):
    return links.was_made(user, purpose, path, since=timezone.now() - PAUSE)


def _refuse_unless_vendor(by):
    if not isinstance(by, User) or Side.of(by) != Side.VENDOR:
        raise ValidationError(_("Only the vendor's people send reminders."))


def _refuse_unless_somebody(people, waiting):
    if not waiting:
        raise Conflict(_("Nobody of the customer is waited for here."))
    if not people:
        raise Conflict(_("They were mailed less than an hour ago."))


def _noted(people) -> dict:
    return {"mailed": [str(one) for one in people]} if people else {}
