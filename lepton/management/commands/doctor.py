"""Say what is found, missing or misconfigured, and how to mend it."""

import json
import sys
from contextlib import ExitStack

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lepton import doctor, embedded

SIGNS = {
    doctor.OK: ("ok", "SUCCESS"),
    doctor.WARNING: ("!", "WARNING"),
    doctor.PROBLEM: ("X", "ERROR"),
}


class Command(BaseCommand):
    help = gettext_lazy("Examine this installation; exit with 1 where something must be mended.")
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help=_("print the findings as JSON"))

    def handle(self, *args, **options):
        with ExitStack() as servers:
            findings = [*self.start(servers), *doctor.examine()]
        if options["json"]:
            report = [finding.as_dict() for finding in findings]
            self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))
        else:
            self.print(findings)
        if any(finding.status == doctor.PROBLEM for finding in findings):
            sys.exit(1)

    def start(self, servers):
        """The embedded servers are started for the examination, if they do not run yet."""
        names = embedded.wanted()
        if names:
            try:
                servers.enter_context(embedded.ensure(settings.LEPTON_HOME, names))
            except embedded.EmbeddedError as problem:
                yield doctor.Finding.problem(_("Embedded servers"), problem)

    def print(self, findings):
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            sign, style = SIGNS[finding.status]
            mark = getattr(self.style, style)(sign.ljust(3))
            self.stdout.write(f"{mark} {finding.subject.ljust(width)}  {finding.found}")
            if finding.mend:
                self.stdout.write(f"    {''.ljust(width)}  {_('mend')}: {finding.mend}")
