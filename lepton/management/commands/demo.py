"""Play two engagements once, or the main job on images of your own, then serve the site."""

import os
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lepton import supervisor
from lepton.demo import cast, report
from lepton.embedded import EmbeddedError

READY_SECONDS = 180


class Command(BaseCommand):
    help = "Set up people, data, a model and an endpoint by real calls, then serve the site."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--data", help="an ImageFolder zip, or a folder with one or of classes")
        parser.add_argument("--weights", help="a folder with torchvision's weight files")
        parser.add_argument("--exit", action="store_true", help="stop after playing")

    def handle(self, *args, data=None, weights=None, **options):
        began = time.monotonic()
        if weights:
            settings.LEPTON_WEIGHTS_DIR = Path(weights).resolve()
            os.environ["LEPTON_WEIGHTS_DIR"] = str(settings.LEPTON_WEIGHTS_DIR)
        self.stdout.write("Starting the site …")
        try:
            with supervisor.site(settings, echo=False) as site:
                self._play(site, data, began)
                if not options["exit"]:
                    site.wait()
        except (EmbeddedError, supervisor.AlreadyRunning, supervisor.PortTaken) as problem:
            raise CommandError(str(problem)) from problem

    def _play(self, site, data, began):
        from lepton.demo import play

        log = settings.LEPTON_HOME / "log" / "lepton.log"
        if not site.wait_ready(READY_SECONDS):
            raise CommandError(f"The site did not start within {READY_SECONDS} s: see {log}.")
        _mei, password = cast.assemble(settings.LEPTON_HOME)
        home = settings.LEPTON_HOME / "demo"
        home.mkdir(parents=True, exist_ok=True)
        facts = home, password, lambda line: self.stdout.write(report.line(line))
        plays = play.main_job(data, *facts) if data else play.whole_loop(*facts)
        for one in plays:
            self.stdout.write(report.heading(one.stage))
            one.run()
        self.stdout.write(report.closing(plays, password, time.monotonic() - began))
        self.stdout.write(f"Log: {log}\nCtrl-C stops the site.")
