"""Compute how engagements stand and what they ask of whom, of all tenants, now."""

from django.core.management.base import BaseCommand

from engagements import standing


class Command(BaseCommand):
    help = "Compute anew how every engagement stands, or those not looked at for some seconds."

    def add_arguments(self, parser):
        parser.add_argument("--older-than-seconds", type=float, default=0.0)

    def handle(self, *args, older_than_seconds, **options):
        done = standing.refresh_all(older_than_seconds=older_than_seconds)
        self.stdout.write(f"{done} engagements.")
