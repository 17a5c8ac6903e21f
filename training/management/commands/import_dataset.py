"""Import a zip or a folder of class folders from the command line."""

import tempfile
import time
import uuid
import zipfile
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts import system
from accounts.models import User
from accounts.scoping import tenant_scope
from engagements.models import Engagement
from training.datasets import services, uploads
from training.models import Import, ImportRow

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 60  # without a worker


class Command(BaseCommand):
    help = "Import a zip or a folder of class folders into an engagement's data."

    def add_arguments(self, parser):
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("engagement", help="the engagement's name or id")
        parser.add_argument("path", type=Path, help="a zip, or a folder with class folders")
        parser.add_argument("--splits", type=Path, help="a CSV with file, split, label?, group?")
        parser.add_argument("--dataset", help="the dataset's name (made if it is not there)")
        parser.add_argument("--by", help="the email of the person who imports")
        parser.add_argument("--wait", action="store_true", help="until the import has ended")

    def handle(self, *, tenant, engagement, path, splits, dataset, by, wait, **options):
        tenant, by = _tenant(tenant), _person(by)
        try:
            with tenant_scope(tenant):
                engagement = _engagement(engagement)
            upload = _receive(path, splits, tenant)
            with tenant_scope(tenant):
                target = _dataset(engagement, dataset, by)
                import_ = services.start_import(target, upload=upload, by=by)
        except (ValidationError, OSError) as error:
            words = error.messages if isinstance(error, ValidationError) else [str(error)]
            raise CommandError(" ".join(words)) from error
        self.stdout.write(_("Import %(id)s of %(name)s is queued.") % _facts(import_))
        if wait:
            self._wait(tenant, import_)

    def _wait(self, tenant, import_):
        began, shown = time.monotonic(), None
        while not import_.has_ended:
            time.sleep(LOOK_SECONDS)
            with tenant_scope(tenant):
                import_.refresh_from_db(fields=["state", "files_done", "files_total", "cause"])
            if import_.files_done != shown and import_.files_total:
                shown = import_.files_done
                self.stdout.write(f"{shown} / {import_.files_total}")
            if import_.state == "queued" and time.monotonic() - began > PATIENCE_SECONDS:
                raise CommandError(_("No worker has taken the import: is `manage.py up` running?"))
        self._report(tenant, import_)

    def _report(self, tenant, import_):
        with tenant_scope(tenant):
            import_.refresh_from_db()
            counts = import_.rows.counts()
        for outcome, n in counts.items():
            self.stdout.write(f"{n:>7}  {ImportRow.Outcome(outcome).label}")
        if import_.state != Import.State.SUCCEEDED:
            raise CommandError(f"{import_.get_state_display()}: {import_.cause} {import_.hint}")


def _tenant(slug):
    facts = system.tenant_for(User(), slug)
    if facts is None:
        raise CommandError(_("There is no tenant “%s”.") % slug)
    return facts


def _person(email):
    if not email:
        return None
    try:
        return User.objects.get(email=email.lower())
    except User.DoesNotExist:
        raise CommandError(_("There is nobody with the email %s.") % email) from None


def _engagement(name):
    try:
        wanted = {"pk": uuid.UUID(name)}
    except ValueError:
        wanted = {"name": name}
    try:
        return Engagement.objects.get(**wanted)
    except Engagement.DoesNotExist:
        raise CommandError(_("This tenant has no engagement “%s”.") % name) from None


def _dataset(engagement, name, by):
    if not name:
        return services.first_dataset(engagement, by=by)
    found = engagement.datasets.filter(name=name).first()
    return found or services.create_dataset(engagement, name=name, by=by)


def _receive(path, splits, tenant):
    with tempfile.TemporaryFile() as draft:
        source = _zipped(path, draft) if path.is_dir() else path.open("rb")
        with source, splits.open("rb") if splits else tempfile.TemporaryFile() as csv:
            return uploads.receive(
                source,
                name=path.name if path.is_file() else f"{path.resolve().name}.zip",
                tenant=tenant,
                splits_file=csv if splits else None,
            )


def _zipped(folder, draft):
    """The folder's files as a zip, not compressed: images do not become smaller."""
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                archive.write(file, file.relative_to(folder))
    draft.seek(0)
    return draft


def _facts(import_):
    return {"id": import_.pk, "name": import_.source}
