"""What keeps tenants apart in this installation, and what comes of trying: as the app, in raw SQL,
from the scope of each tenant against every table and the rows that are in it. Nothing is left
changed.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.chain import TenantName
from accounts.isolation import references
from accounts.scoping import tenant_models, tenant_scope, unprotected_tables

REFUSED = "42501"  # insufficient_privilege: a policy or a missing right
# Each counts the rows it reached. `own` is the tenant who tries, `other` any of the others.
ATTEMPTS = {
    _("read other tenants' rows"): "SELECT count(*) FROM {table} WHERE tenant_id <> %(own)s",
    _("change other tenants' rows"): (
        "WITH hit AS (UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id <> %(own)s"
        " RETURNING 1) SELECT count(*) FROM hit"
    ),
    _("remove other tenants' rows"): (
        "WITH hit AS (DELETE FROM {table} WHERE tenant_id <> %(own)s RETURNING 1)"
        " SELECT count(*) FROM hit"
    ),
    _("give an own row to another tenant"): (
        "WITH hit AS (UPDATE {table} SET tenant_id = %(other)s"
        " WHERE ctid = (SELECT ctid FROM {table} LIMIT 1) RETURNING 1) SELECT count(*) FROM hit"
    ),
    _("add a row to another tenant"): (
        "WITH hit AS (INSERT INTO {table} SELECT (jsonb_populate_record(one,"
        " jsonb_build_object('id', gen_random_uuid(), 'tenant_id', %(other)s::uuid))).*"
        " FROM {table} AS one LIMIT 1 RETURNING 1) SELECT count(*) FROM hit"
    ),
}
WITHOUT_A_TENANT = _("read any row without a tenant")
OF_A_TABLE = """
SELECT (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
    AND cardinality(k.conkey) = 2),
  ARRAY(SELECT right_ FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS right_
    WHERE has_table_privilege(c.oid, right_))
FROM pg_class c WHERE c.oid = %(table)s::regclass
"""


class Table(NamedTuple):
    """How one table is protected."""

    name: str
    rows: int  # of all tenants
    is_forced: bool  # row level security binds even its owner
    references: int  # to tenants' rows
    composite: int  # of them, those that PostgreSQL holds within one tenant
    rights: list[str]  # of the app

    @property
    def is_protected(self) -> bool:
        return self.is_forced and self.composite >= self.references


class Report(NamedTuple):
    """`tried` and `reached` say of each kind of attempt how often, and how many rows it got."""

    tenants: int
    tables: list[Table]
    tried: Counter
    reached: Counter

    @property
    def is_clean(self) -> bool:
        return not self.reached.total() and all(table.is_protected for table in self.tables)


def report(tenants: list[TenantName]) -> Report:
    """Try everything for each of these tenants. Raises whatever is no refusal."""
    tried, reached, rows = Counter(), Counter(), Counter()
    models = sorted(tenant_models(), key=lambda model: model._meta.db_table)
    names = [model._meta.db_table for model in models]
    for table in names:
        tried[WITHOUT_A_TENANT] += 1
        reached[WITHOUT_A_TENANT] += _reached("SELECT count(*) FROM {table}", table)
    for tenant, other in zip(tenants, [*tenants[1:], *tenants[:1]], strict=True):
        with tenant_scope(tenant.id):
            for table in names:
                own = _reached("SELECT count(*) FROM {table}", table)
                rows[table] += own
                for what, got in _attempts(table, tenant, other, has_rows=own > 0):
                    tried[what] += 1
                    reached[what] += got
    bare = unprotected_tables()
    tables = [_table(model, rows, is_forced=model._meta.db_table not in bare) for model in models]
    return Report(len(tenants), tables, tried, reached)


def _attempts(table, tenant, other, *, has_rows) -> Iterable[tuple[str, int]]:
    for what, sql in ATTEMPTS.items():
        if "other" not in sql or (has_rows and other is not tenant):
            yield what, _reached(sql, table, own=tenant.id, other=other.id)


def _reached(sql: str, table: str, **names) -> int:
    """How many rows it reaches, none where PostgreSQL refuses; what it did is undone."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format(table=connection.ops.quote_name(table)), names)
            found = cursor.fetchone()[0]
            transaction.set_rollback(True)
            return found
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != REFUSED:
            raise
        return 0
    except IntegrityError:  # rights and policies come first: they let it through
        return 1


def _table(model, rows: Counter, *, is_forced: bool) -> Table:
    name = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(OF_A_TABLE, {"table": name})
        composite, rights = cursor.fetchone()
    return Table(name, rows[name], is_forced, len(list(references(model))), composite, rights)
