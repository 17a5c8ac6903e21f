"""Writes on tickets: open, say, resolve, reopen, triage."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User, author
from engagements import documents, response, timeline
from engagements.models import Engagement, Side
from feedback.tickets import mails
from feedback.tickets.models import Ticket, TicketMessage
from lepton.lib import live
from lepton.lib.refusals import Conflict

State, Via = Ticket.State, TicketMessage.Via
MOST_CHARACTERS = 20_000


def open_ticket(
    engagement,
    *,
    subject,
    text,
    by,
    severity=response.Severity.NORMAL,
    prediction=None,
    model_version=None,
    file=None,
    via=Via.PAGE,
):
    """Ask the vendor for help; `file` is a stored document (engagements.documents.store)."""
    subject, text = subject.strip(), _checked(text)
    _refuse_strange(engagement, subject, prediction, model_version)
    with transaction.atomic():
        due = _due(Engagement.objects.locked(engagement.pk), severity)
        ticket = Ticket.objects.create(
            engagement=engagement,
            number=_next_number(engagement),
            subject=subject[:200],
            severity=severity,
            prediction=prediction,
            model_version=model_version,
            first_due_at=due,
            answer_due_at=due,
            **author(by),
        )
        message = _add(ticket, text, by, via=via, file=file)
        _tell(ticket, "ticket.opened", by, message)
    return ticket


def say(
    ticket, *, text, by, is_private=False, keeps_open=False, file=None, via=Via.PAGE, mail_id=""
):
    """Write in a ticket: a reply both sides read, or a note among the vendor's people.

    After the vendor's reply it waits for the customer, unless `keeps_open` says there is more to
    come; the customer's reply makes it the vendor's turn, and reopens what was resolved.
    """
    text, side = _checked(text), Side.of_actor(by)
    if is_private and side != Side.VENDOR:
        raise ValidationError({"is_private": _("Only the vendor's people write private notes.")})
    with transaction.atomic():
        ticket = _locked(ticket)
        message = _add(ticket, text, by, via=via, file=file, is_private=is_private, mail_id=mail_id)
        if is_private:
            live.look_again(ticket.tenant_id, ticket.topic)
            audit.record("ticket.noted", ticket, by=by)
        elif side == Side.VENDOR:
            _answered(ticket, message, keeps_open)
            _tell(ticket, "ticket.answered", by, message)
        else:
            kind = _asked_again(ticket)
            _tell(ticket, kind, by, message)
    return message


def resolve(ticket, *, by):
    """Note that it is settled."""
    with transaction.atomic():
        ticket = _locked(ticket)
        if ticket.state == State.RESOLVED:
            raise Conflict(_("This ticket is resolved already."))
        ticket.state, ticket.resolved_at = State.RESOLVED, timezone.now()
        ticket.answer_due_at = None
        if Side.of_actor(by) == Side.VENDOR and ticket.first_response_at is None:
            ticket.first_response_at = ticket.resolved_at
        ticket.save()
        _tell(ticket, "ticket.resolved", by)
    return ticket


def reopen(ticket, *, by):
    """Take back that it is settled."""
    with transaction.atomic():
        ticket = _locked(ticket)
        if ticket.state != State.RESOLVED:
            raise Conflict(_("Only a resolved ticket can be reopened."))
        _asked_again(ticket)
        _tell(ticket, "ticket.reopened", by)
    return ticket


def triage(ticket, *, by, **changes):
    """Say how bad it is (`severity`), or who of the vendor sees to it (`assignee`)."""
    refuse_unless_vendor(by)
    assignee = changes.get("assignee")
    if assignee is not None and not assignee.is_vendor_staff:
        raise ValidationError({"assignee": _("Somebody of the vendor has to see to it.")})
    with transaction.atomic():
        ticket = _locked(ticket)
        if changes.get("severity", ticket.severity) != ticket.severity:
            _promise_anew(ticket, changes["severity"])
        if "assignee" in changes:
            ticket.assignee = assignee
        ticket.save()
        audit.record("ticket.triaged", ticket, by=by, **_plain(changes))
        live.look_again(ticket.tenant_id, ticket.topic, ticket.engagement.topic)
    return ticket


def refuse_unless_vendor(by) -> None:
    """Triage is the vendor's: others are refused before anything they named is looked up."""
    if Side.of_actor(by) != Side.VENDOR:
        raise ValidationError(_("The vendor says who sees to a ticket and how bad it is."))


def _checked(text):
    text = text.strip()
    if not text:
        raise ValidationError({"text": _("Write something.")})
    if len(text) > MOST_CHARACTERS:
        raise ValidationError({"text": _("At most %s characters.") % MOST_CHARACTERS})
    return text


def _refuse_strange(engagement, subject, prediction, model_version):
    if not subject:
        raise ValidationError({"subject": _("Say in a few words what it is about.")})
    if prediction and prediction.endpoint.engagement_id != engagement.pk:
        raise ValidationError({"prediction": _("There is none with this id here.")})
    if model_version and model_version.engagement_id != engagement.pk:
        raise ValidationError({"model_version": _("There is none with this id here.")})


def _next_number(engagement):
    """Counts up in the tenant, so one ticket at a time is numbered there."""
    type(engagement.tenant).objects.select_for_update(no_key=True).get(pk=engagement.tenant_id)
    return (Ticket.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _due(engagement, severity):
    return timezone.now() + timedelta(hours=response.hours_of(engagement)[severity])


def _add(ticket, text, by, *, file=None, **facts):
    document = None
    if file:
        private = {"is_private": facts.get("is_private", False)}
        document = documents.add_document(
            ticket.engagement, str(ticket), file=file, by=by, **private
        )
    return TicketMessage.objects.create(
        ticket=ticket,
        side=Side.of_actor(by),
        text=text,
        document=document,
        **facts,
        **author(by),
    )


def _answered(ticket, message, keeps_open):
    ticket.first_response_at = ticket.first_response_at or message.created_at
    ticket.answer_due_at = None
    if ticket.state != State.RESOLVED:
        ticket.state = State.OPEN if keeps_open else State.WAITING
    ticket.save()


def _asked_again(ticket) -> str:
    """It is the vendor's turn; returns what happened."""
    was_resolved = ticket.state == State.RESOLVED
    if was_resolved:
        ticket.state, ticket.resolved_at = State.REOPENED, None
    elif ticket.state == State.WAITING:
        ticket.state = State.OPEN
    ticket.answer_due_at = ticket.answer_due_at or _due(ticket.engagement, ticket.severity)
    ticket.save()
    return "ticket.reopened" if was_resolved else "ticket.replied"


def _promise_anew(ticket, severity):
    """Another severity has another target, counted from when the customer began to wait."""
    hours = response.hours_of(ticket.engagement)
    moved = timedelta(hours=hours[severity] - hours[ticket.severity])
    ticket.severity = severity
    if ticket.first_response_at is None:
        ticket.first_due_at += moved
    if ticket.answer_due_at is not None:
        ticket.answer_due_at += moved


def _locked(ticket) -> Ticket:
    rows = Ticket.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("engagement__tenant", "tenant").get(pk=ticket.pk)


def _tell(ticket, kind, by, message=None):
    facts = {"number": ticket.number, "about": ticket.subject}
    url = ticket.get_absolute_url()
    timeline.record(ticket.engagement, kind, by=by, url=url, **facts)
    if message:
        mails.tell(message, ticket)
    live.look_again(ticket.tenant_id, ticket.topic, ticket.engagement.topic)
    audit.record(kind, ticket, by=by, severity=ticket.severity, state=ticket.state)


def _plain(changes) -> dict:
    return {k: str(v) if isinstance(v, User) else v for k, v in changes.items()}
