"""Report how tenants are kept apart here: `manage.py isolation_report > isolation.md`."""

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import chain, isolation_report


class Command(BaseCommand):
    help = gettext_lazy(
        "Try from the scope of each tenant to reach the others' rows, undo it, and report in"
        " Markdown; exit with 1 if anything was reached."
    )

    def handle(self, *args, **options):
        found = isolation_report.report(chain.every_tenant())
        self._write(*self._about(found))
        self._write_table((_("What was tried"), _("Times"), _("Rows reached")), self._tried(found))
        self._write_table(
            (_("Table"), _("Rows"), _("Row level security"), _("References"), _("The app may")),
            self._tables(found),
        )
        if not found.is_clean:
            raise CommandError(_("Tenants are not kept apart: see what was reached above."))

    def _about(self, found):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_setting('server_version')")
            user, version = cursor.fetchone()
        yield "# " + _("Isolation report")
        sentence = _(
            "%(now)s: %(n)s tenants, %(tables)s tables, PostgreSQL %(version)s, as the app's"
            " login %(user)s, in SQL of its own. Nothing was left changed."
        )
        yield sentence % {
            "now": timezone.now().strftime("%Y-%m-%d %H:%M UTC"),
            "n": found.tenants,
            "tables": len(found.tables),
            "user": user,
            "version": version,
        }
        yield _("Nothing was reached.") if found.is_clean else _("**Something was reached.**")

    def _tried(self, found):
        for what, times in found.tried.items():
            yield what, times, found.reached[what]

    def _tables(self, found):
        for table in found.tables:
            forced = _("forced") if table.is_forced else _("**missing**")
            within = _("%(kept)s of %(all)s kept within the tenant")
            references = within % {"kept": table.composite, "all": table.references}
            yield table.name, table.rows, forced, references, ", ".join(table.rights)

    def _write_table(self, head, rows):
        lines = [head, ["---"] * len(head), *rows]
        self._write("\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines))

    def _write(self, *paragraphs):
        for paragraph in paragraphs:
            self.stdout.write(f"{paragraph}\n\n")
