"""Publish what is new in the starter library; `up` does it after each migration."""

from django.core.management.base import BaseCommand

from enablement import library


class Command(BaseCommand):
    help = "Publish new versions of the starter courses."
    requires_system_checks = []  # they load every page, and `up` waits for this command

    def handle(self, **options):
        loaded = library.load()
        self.stdout.write(", ".join(loaded) if loaded else "The library is up to date.")
