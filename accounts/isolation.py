"""Migration operations that make PostgreSQL itself keep tenants apart."""

from django.db import models
from django.db.migrations.operations.base import Operation

TENANT = "nullif(current_setting('app.tenant', true), '')::uuid"
PORTFOLIO = "current_setting('app.portfolio', true) = 'on'"


class ProtectTenantTables(Operation):
    """Row level security and composite foreign keys for every tenant table of an app.

    Safe to repeat: each migration that adds a tenant table or a foreign key ends with it.
    `append_only` models may be inserted and read but never changed by the app; `frozen` models
    may be deleted but not changed; `portfolio` models may be read in portfolio scope;
    `system` models may be read, and `system_writes` also updated, by the named functions.
    """

    reduces_to_sql = True
    reversible = True
    atomic = True

    def __init__(self, append_only=(), frozen=(), portfolio=(), system=(), system_writes=()):
        self.append_only, self.frozen, self.portfolio = append_only, frozen, portfolio
        self.system, self.system_writes = system, system_writes

    def deconstruct(self):
        names = ("append_only", "frozen", "portfolio", "system", "system_writes")
        return type(self).__name__, [], {n: getattr(self, n) for n in names}

    def state_forwards(self, app_label, state):
        pass

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        tables = _tenant_tables(to_state.apps.get_app_config(app_label))
        own = [model for model in tables if _is_tenant_model(model)]
        statements = [
            # the owner checks the rows that are there, so it must see them
            *_force("NO FORCE", own),
            *(one for model in own for one in _composite_targets(model)),
            *(one for model in own for one in _composite_keys(model)),
            *_force("FORCE", own),
            *(one for model in tables for one in self._protect(model)),
        ]
        for statement in statements:
            schema_editor.execute(statement)

    def describe(self):
        return "Protect tenant tables with row level security and composite foreign keys"

    def _protect(self, model):
        table, name = model._meta.db_table, model._meta.model_name
        column = "id" if name == "tenant" else "tenant_id"
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        yield from _policy(table, "tenant_only", "ALL", "PUBLIC", f"{column} = {TENANT}")
        if name in self.portfolio:
            yield from _policy(table, "portfolio_read", "SELECT", "PUBLIC", PORTFOLIO)
        if name in (*self.system, *self.system_writes):
            verb = "ALL" if name in self.system_writes else "SELECT"
            yield from _policy(table, "system", verb, "lepton_system", "true")
            grant = "SELECT, UPDATE" if name in self.system_writes else "SELECT"
            yield f"GRANT {grant} ON {table} TO lepton_system"
        if name in self.append_only:
            yield f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM lepton_app"
        if name in self.frozen:
            yield f"REVOKE UPDATE, TRUNCATE ON {table} FROM lepton_app"


class SystemFunction(Operation):
    """A named function which looks across tenants with the rights of lepton_system."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, name, arguments, returns, body):
        self.name, self.arguments, self.returns, self.body = name, arguments, returns, body

    def deconstruct(self):
        return type(self).__name__, [self.name, self.arguments, self.returns, self.body], {}

    def state_forwards(self, app_label, state):
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        signature = f"{self.name}({self.arguments})"
        types = f"{self.name}({', '.join(_types(self.arguments))})"
        header = f"CREATE OR REPLACE FUNCTION {signature} RETURNS {self.returns} LANGUAGE sql"
        safety = "SECURITY DEFINER SET search_path = public, pg_temp"
        for statement in (
            f"{header} {safety} AS $f$ {self.body} $f$",
            f"REVOKE ALL ON FUNCTION {types} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {types} TO lepton_app",
            "GRANT CREATE ON SCHEMA public TO lepton_system",
            f"ALTER FUNCTION {types} OWNER TO lepton_system",
            "REVOKE CREATE ON SCHEMA public FROM lepton_system",
        ):
            schema_editor.execute(statement, params=None)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        types = ", ".join(_types(self.arguments))
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {self.name}({types})")

    def describe(self):
        return f"System function {self.name}"


def _types(arguments):
    return [a.strip().split(" ", 1)[1] for a in arguments.split(",") if a.strip()]


def _tenant_tables(app_config):
    models_ = app_config.get_models()
    return [m for m in models_ if m._meta.model_name == "tenant" or _is_tenant_model(m)]


def _is_tenant_model(model):
    return any(
        isinstance(f, models.ForeignKey)
        and f.name == "tenant"
        and f.related_model._meta.label_lower == "accounts.tenant"
        for f in model._meta.local_fields
    )


def _policy(table, name, verb, role, condition):
    yield f"DROP POLICY IF EXISTS {name} ON {table}"
    check = f" WITH CHECK ({condition})" if verb == "ALL" else ""
    yield f"CREATE POLICY {name} ON {table} FOR {verb} TO {role} USING ({condition}){check}"


def _force(word, models_):
    """Hold these tables and those they refer to against their owner too, or not for a while."""
    targets = {target for model in models_ for _column, target in references(model)}
    for table in sorted(targets | {model._meta.db_table for model in models_}):
        yield f"ALTER TABLE {table} {word} ROW LEVEL SECURITY"


def references(model):
    """(column, table) of each reference to a tenant table."""
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and _is_tenant_model(field.related_model):
            yield field.column, field.related_model._meta.db_table


def _composite_targets(model):
    table = model._meta.db_table
    yield f"CREATE UNIQUE INDEX IF NOT EXISTS {table}_tenant_id_key ON {table} (tenant_id, id)"


def _composite_keys(model):
    """A reference between tenant tables names its tenant too, since FK checks ignore policies."""
    for column, target in references(model):
        yield from _composite_key(model._meta.db_table, column, target)


def _composite_key(table, column, target):
    """Added once: PostgreSQL would check the rows of before through the owner's policies."""
    name = f"{table}_{column}_same_tenant"[:63]
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = '{name}'"
        f" AND conrelid = '{table}'::regclass) THEN"
        f" ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column})"
        f" REFERENCES {target} (tenant_id, id) DEFERRABLE INITIALLY DEFERRED;"
        " END IF; END $$"
    )
