"""Start everything and keep it running."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext_lazy as _

from lepton import supervisor
from lepton.embedded import EmbeddedError


class Command(BaseCommand):
    help = _("Start the site with all its processes and keep them running until a signal.")
    requires_system_checks = []

    def handle(self, *args, **options):
        try:
            with supervisor.site(settings) as site:
                site.wait()
        except (EmbeddedError, supervisor.AlreadyRunning, supervisor.PortTaken) as problem:
            raise CommandError(str(problem)) from problem
