"""What tickets ask of whom."""

from django.utils.translation import gettext_lazy as _

from engagements import asks
from engagements.models import Side
from feedback.tickets.models import Ticket


def register():
    """Ask the vendor to answer, and the customer where their word is waited for."""
    words = {
        "ticket__answer": _("Answer ticket #%(number)s: %(subject)s"),
        "ticket__reply": _("Your word is waited for in ticket #%(number)s: %(subject)s"),
    }
    asks.register(unresolved, **words)


def unresolved(engagement, gate):
    """One ask for each ticket that is not resolved."""
    rows = engagement.tickets.unresolved().for_lists().select_related("created_by")
    for ticket in rows.overdue_first():
        words = {"number": ticket.number, "subject": ticket.subject}
        words["url"] = ticket.get_absolute_url()
        page = "feedback:tickets"
        if ticket.state == Ticket.State.WAITING:
            asker = ticket.created_by
            user = asker if asker and not asker.is_vendor_staff else None
            yield asks.make(engagement, "ticket.reply", page, Side.CUSTOMER, user, **words)
        else:
            due = ticket.answer_due_at and ticket.answer_due_at.date()
            yield asks.make(
                engagement, "ticket.answer", page, Side.VENDOR, ticket.assignee, due, **words
            )
