"""Mails to people: sent when the change they tell of is committed, and never in its way."""

import logging

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def send(user, subject, template, words, *, attachments=(), reply_to="") -> None:
    """Mail `user` the text of `template` once the transaction is committed.

    `attachments` are (name, bytes, content type).
    """
    text = render_to_string(template, {"user": user, **words})
    mail = EmailMessage(
        " ".join(subject.split()),  # a header is one line
        text,
        to=[user.email],
        attachments=attachments,
        reply_to=[reply_to] if reply_to else None,
    )
    transaction.on_commit(lambda: _deliver(mail), robust=True)


def _deliver(mail):
    try:
        mail.send()
    except OSError as error:  # smtplib's errors are OSErrors; the change stands without a mail
        log.warning("Could not send a mail to %s: %s", mail.to[0], error)
