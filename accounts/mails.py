"""Mails to people: sent when the change they tell of is committed, and never in its way."""

import logging

from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


def send(user, subject, template, words) -> None:
    """Mail `user` the text of `template` once the transaction is committed."""
    text = render_to_string(template, {"user": user, **words})
    transaction.on_commit(lambda: _deliver(subject, text, user.email), robust=True)


def _deliver(subject, text, address):
    try:
        send_mail(subject, text, None, [address])
    except OSError as error:  # smtplib's errors are OSErrors; the change stands without a mail
        log.warning("Could not send a mail to %s: %s", address, error)
