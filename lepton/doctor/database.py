"""The database: both logins, their rights, the schema and its row level security."""

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from accounts.scoping import unprotected_tables

from .finding import Finding

MIGRATE = "python manage.py migrate --database owner"
OLDEST_POSTGRES = 160000
LOGINS = {"default": "app", "owner": "owner"}


def reachable():
    for alias, login in LOGINS.items():
        subject = _("Database as %s") % login
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT current_user, current_setting('server_version_num')::int")
                user, version = cursor.fetchone()
        except (DatabaseError, ImproperlyConfigured) as error:
            reason = str(error).strip().splitlines()[-1]
            yield Finding.problem(subject, reason, _("Check DATABASE_URL and DATABASE_OWNER_URL."))
            continue
        found = _("%(user)s, PostgreSQL %(version)d") % {"user": user, "version": version // 10000}
        if version < OLDEST_POSTGRES:
            yield Finding.problem(subject, found, _("Use PostgreSQL 16 or newer."))
        else:
            yield Finding.ok(subject, found)


def app_is_bound():
    """The app login must not be able to pass by row level security, nor become one that can."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname FROM pg_roles r"
            " WHERE (r.rolsuper OR r.rolbypassrls) AND pg_has_role(current_user, r.oid, 'MEMBER')"
        )
        strong = [name for (name,) in cursor.fetchall()]
        cursor.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tableowner = current_user ORDER BY 1"
        )
        owned = [name for (name,) in cursor.fetchall()]
    mend = _("Give the app a login of its own without these rights: see docs/operations.md.")
    if strong:
        found = _("it may pass by row level security through %s") % ", ".join(strong)
        yield Finding.problem(_("Rights of the app"), found, mend)
    elif owned:
        found = _("it owns %(count)d tables, %(first)s for one")
        facts = {"count": len(owned), "first": owned[0]}
        yield Finding.problem(_("Rights of the app"), found % facts, mend)
    else:
        yield Finding.ok(_("Rights of the app"), _("bound by row level security"))


def migrations():
    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        waiting = ", ".join(str(migration) for migration, _back in plan[:3])
        found = _("%(count)d not applied: %(first)s") % {"count": len(plan), "first": waiting}
        yield Finding.problem(_("Migrations"), found, MIGRATE)
    else:
        yield Finding.ok(_("Migrations"), _("all applied"))


def row_level_security():
    if tables := unprotected_tables():
        found = _("not forced on %s") % ", ".join(tables)
        yield Finding.problem(_("Row level security"), found, MIGRATE)
    else:
        yield Finding.ok(_("Row level security"), _("forced on every tenant table"))


CHECKS = (reachable, app_is_bound, migrations, row_level_security)
