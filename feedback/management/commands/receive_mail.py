"""Takes one mail from standard input, as mail servers pipe it, into the ticket it answers.

In Postfix, for example: lepton-reply: "|/srv/lepton/manage.py receive_mail"
"""

import os
import sys

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from feedback.tickets.receiving import MOST_BYTES, NotTaken, receive


class Command(BaseCommand):
    help = "Append a mail (raw, on standard input) to the ticket it answers."

    def add_arguments(self, parser):
        parser.add_argument(
            "--recipient", action="append", default=[], help="of the envelope; may be repeated"
        )

    def handle(self, *args, recipient, **options):
        raw = sys.stdin.buffer.read(MOST_BYTES + 1)
        try:
            message = receive(raw, recipient)
        except NotTaken as refused:
            if refused.code == os.EX_OK:
                self.stdout.write(str(refused))
                return
            raise CommandError(str(refused), returncode=refused.code) from refused
        except (DatabaseError, OSError) as error:  # the mail server keeps it and tries again
            raise CommandError(str(error), returncode=os.EX_TEMPFAIL) from error
        self.stdout.write(f"Taken: message {message.pk}")
