"""Mails of tickets: each message both sides read goes to the people of the other side."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts import mails
from accounts.models import Membership, User
from engagements.models import Side
from feedback.tickets import addresses

ABOVE = "-- >8 --"  # what stands below it in a reply is the mail that was answered


def tell(message, ticket) -> list[User]:
    """Mail a public message to those of the other side who are in the ticket; returns whom."""
    people = [one for one in _people(ticket, message.side) if one != message.created_by]
    subject = _("[#%(number)s] %(subject)s") % {"number": ticket.number, "subject": ticket.subject}
    for user in people:
        address = addresses.make(ticket.pk, user.pk)
        words = {"ticket": ticket, "message": message, "above": ABOVE, "by_mail": bool(address)}
        words["url"] = settings.LEPTON_PUBLIC_URL + ticket.get_absolute_url()
        mails.send(user, subject, "feedback/tickets/mail.txt", words, reply_to=address)
    return people


def _people(ticket, said_by) -> list[User]:
    if said_by == Side.CUSTOMER:
        one = ticket.assignee or ticket.engagement.account_manager
        return [one] if one and one.is_active else []
    wrote = ticket.messages.filter(side=Side.CUSTOMER).exclude(created_by=None)
    members = Membership.objects.by_name().filter(user__in=wrote.values("created_by"))
    return [one.user for one in members.filter(user__is_active=True)]
