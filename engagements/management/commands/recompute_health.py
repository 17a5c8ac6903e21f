"""Compute a health figure again from the inputs that were shown, without the database."""

import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Recompute health from the API's answer (a file, or - for standard input)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("answer", help="what GET …/engagements/<id>/health answered")

    def handle(self, *args, answer, **options):
        text = sys.stdin.read() if answer == "-" else Path(answer).read_text()
        shown = json.loads(text, parse_float=Decimal)
        known = [one for one in shown["inputs"] if one["score"] is not None]
        weights = sum(one["weight"] for one in known)
        if not known:
            found = None
        else:
            mean = sum(one["weight"] * one["score"] for one in known) * 100 / weights
            found = str(Decimal(mean).quantize(Decimal("0.1"), ROUND_HALF_UP))
        if found != shown["health"]:
            raise CommandError(f"The inputs give {found}, but {shown['health']} was shown.")
        self.stdout.write(f"{found}: as shown.")
