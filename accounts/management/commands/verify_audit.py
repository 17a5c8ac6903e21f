"""Verify the audit chains: `manage.py verify_audit [tenant]`."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import chain
from accounts.scoping import tenant_scope


class Command(BaseCommand):
    help = gettext_lazy("Find audit entries that were edited, removed or inserted; exit with 1.")

    def add_arguments(self, parser):
        parser.add_argument("tenant", nargs="?", help=_("short name of one tenant; all if missing"))

    def handle(self, *args, tenant=None, **options):
        tenants = [one for one in chain.every_tenant() if tenant in (None, one.slug)]
        if tenant and not tenants:
            raise CommandError(_("There is no tenant “%s”.") % tenant)
        broken = sum(self._verify(one) for one in tenants)
        if broken:
            raise CommandError(_("Broken audit chains: %s.") % broken)

    def _verify(self, tenant) -> bool:
        with tenant_scope(tenant.id):
            found, head = list(chain.faults()), chain.head()
        for fault in found:
            self.stderr.write(f"{tenant.slug}: {fault}")
        if not found:
            words = {"tenant": tenant.slug, "n": head.sequence, "sha256": head.sha256}
            self.stdout.write(_("%(tenant)s: %(n)s entries, intact, head %(sha256)s") % words)
        return bool(found)
