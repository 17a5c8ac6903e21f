"""Tenant scope: no active tenant, no query. PostgreSQL enforces the same below (isolation.py)."""

import uuid
from contextlib import contextmanager
from contextvars import ContextVar

from django.apps import apps
from django.db import connection, models, transaction

_tenant_id: ContextVar[uuid.UUID | None] = ContextVar("tenant_id", default=None)
_portfolio: ContextVar[bool] = ContextVar("portfolio", default=False)


class NoTenant(RuntimeError):
    """A tenant's rows were asked for while no tenant was active."""


def active_tenant_id() -> uuid.UUID:
    """Return the id of the active tenant; raise NoTenant if there is none."""
    tenant_id = _tenant_id.get()
    if tenant_id is None:
        raise NoTenant("No tenant is active: wrap this in tenant_scope(tenant).")
    return tenant_id


@contextmanager
def tenant_scope(tenant):
    """Run a block as `tenant` (a Tenant or its id), inside one transaction."""
    tenant_id = tenant if isinstance(tenant, uuid.UUID) else tenant.pk
    with _scope(_tenant_id, tenant_id, "app.tenant", str(tenant_id)):
        yield


@contextmanager
def portfolio_scope(*, by):
    """Let vendor staff read the few portfolio tables of all tenants; the opening is audited."""
    from accounts.audit import record_portfolio  # the audit model is itself built on this module

    if not by.is_vendor_staff:
        raise PermissionError("Only vendor staff may open the portfolio.")
    with _scope(_portfolio, True, "app.portfolio", "on"):
        record_portfolio(by=by)
        yield


@contextmanager
def _scope(variable, value, setting, setting_value):
    token = variable.set(value)
    try:
        outlives_block = connection.in_atomic_block
        with transaction.atomic():
            before = _set_config(setting, setting_value)
            yield
            if outlives_block:  # the transaction, and with it what was set
                _set_config(setting, before)
    finally:
        variable.reset(token)


def _set_config(setting: str, value: str) -> str:
    """Set a transaction-local setting and return what it was before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(%s, true), ''), set_config(%s, %s, true)",
            [setting, setting, value],
        )
        return cursor.fetchone()[0]


class ScopedManager(models.Manager):
    """Gives only the active tenant's rows and refuses to answer when there is none."""

    use_in_migrations = False

    def get_queryset(self):
        queryset = super().get_queryset()
        if _tenant_id.get() is None and _portfolio.get():
            return queryset
        return queryset.filter(tenant_id=active_tenant_id())


class TenantModel(models.Model):
    """A row that belongs to one tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        "accounts.Tenant",
        on_delete=models.CASCADE,
        default=active_tenant_id,
        editable=False,
        related_name="+",
    )

    objects = ScopedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"


def tenant_models() -> list[type[TenantModel]]:
    return [m for m in apps.get_models() if issubclass(m, TenantModel) and not m._meta.abstract]


def unprotected_tables() -> list[str]:
    """Name the tenant tables that lack forced row level security or a policy (should be none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relforcerowsecurity"
            " AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
        )
        protected = {name for (name,) in cursor.fetchall()}
    return sorted({m._meta.db_table for m in tenant_models()} - protected)


class OwnerMigrates:
    """Database router: only the owner login may migrate."""

    def allow_migrate(self, db, app_label, **hints):
        return db == "owner"
