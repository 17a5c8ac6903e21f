"""Tenancy fails closed: in Python without a scope, in PostgreSQL without a setting."""

from types import SimpleNamespace

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from accounts import system
from accounts.isolation import ProtectTenantTables
from accounts.models import ApiKey, AuditEntry, Membership, PlatformAuditEntry
from accounts.scoping import (
    NoTenant,
    portfolio_scope,
    tenant_models,
    tenant_scope,
    unprotected_tables,
)
from engagements.models import Engagement
from tests import factories
from tests import world as worlds

pytestmark = pytest.mark.django_db


def test_no_active_tenant_means_no_query():
    for model in tenant_models():
        with pytest.raises(NoTenant):
            model.objects.count()
        with pytest.raises(NoTenant):
            model._base_manager.count()


def test_every_tenant_table_is_protected():
    assert tenant_models()
    assert unprotected_tables() == []


def test_raw_sql_of_the_app_role_sees_no_row_of_another_tenant(acme, alice, carol):
    worlds.build(acme, alice)
    (globex,) = _tenants_of(carol)
    for table in [m._meta.db_table for m in tenant_models()]:
        with tenant_scope(acme):
            assert _rows_of(acme, table) > 0, f"the test needs a row in {table}"
        with tenant_scope(globex):
            assert _rows_of(acme, table) == 0, table
        assert _rows_of(acme, table) == 0, table
    assert _count("SELECT count(*) FROM accounts_tenant") == 0


@pytest.mark.django_db(transaction=True)
def test_isolation_can_be_repeated_on_filled_tables(acme, alice, server_environment):
    """As a migration of a later release does it on an installation that is in use."""
    worlds.build(acme, alice)
    with connection.schema_editor(collect_sql=True) as editor:
        for label in ("accounts", "engagements", "training", "serving", "feedback", "enablement"):
            state = SimpleNamespace(apps=apps)
            ProtectTenantTables().database_forwards(label, editor, None, state)
    with psycopg.connect(server_environment["DATABASE_OWNER_URL"]) as owner:
        for statement in editor.collected_sql:
            owner.execute(statement)
    assert unprotected_tables() == []


def test_a_scope_shows_its_tenant_only(acme, alice, bob, carol):
    with tenant_scope(acme):
        assert {m.user.name for m in Membership.objects.by_name()} == {"Alice", "Bob"}
        assert _count("SELECT count(*) FROM accounts_membership") == 2


def test_a_nested_scope_gives_the_outer_one_back(acme, alice, carol):
    globex = next(t for t in _tenants_of(carol))
    with tenant_scope(acme):
        with tenant_scope(globex):
            assert Membership.objects.get().user == carol
        assert Membership.objects.get().user == alice


def test_a_row_cannot_be_written_for_another_tenant(acme, alice, carol):
    globex = next(t for t in _tenants_of(carol))
    refused = pytest.raises(ProgrammingError, match="row-level security")
    with tenant_scope(acme), refused, transaction.atomic():
        Membership.objects.create(tenant_id=globex.id, user=alice, role="viewer")


def test_a_row_cannot_refer_to_another_tenants_row(acme, alice, carol):
    globex = next(t for t in _tenants_of(carol))
    engagement = factories.engagement(acme, alice)
    steal = (
        "INSERT INTO training_dataset (id, tenant_id, engagement_id, name, created_by_label,"
        " created_at) VALUES (gen_random_uuid(), %s, %s, 'stolen', 'Carol', now());"
        "SET CONSTRAINTS ALL IMMEDIATE"
    )
    refused = pytest.raises(IntegrityError, match="same_tenant")
    with tenant_scope(globex), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(steal, [globex.id, engagement.pk])


def test_an_audit_entry_cannot_be_changed(acme, alice):
    with tenant_scope(acme):
        entry = AuditEntry.objects.first()
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            AuditEntry.objects.filter(pk=entry.pk).update(verb="nothing.happened")


def test_the_portfolio_shows_all_engagements_to_staff_and_writes_none(acme, alice, carol, mei):
    globex = next(t for t in _tenants_of(carol))
    factories.engagement(acme, alice)
    factories.engagement(globex, carol)
    with portfolio_scope(by=mei):
        assert Engagement.objects.count() == 2
        assert Engagement.objects.update(name="mine") == 0
        assert _count("SELECT count(*) FROM accounts_apikey") == 0
    with pytest.raises(PermissionError), portfolio_scope(by=alice):
        pass


def test_opening_the_portfolio_is_audited_once_a_sitting(mei):
    for _look in range(3):
        with portfolio_scope(by=mei):
            pass
    assert PlatformAuditEntry.objects.get().user == mei


def test_a_key_is_recognised_only_by_its_digest(acme, alice):
    secret = factories.api_key(acme, alice, "predict")
    with tenant_scope(acme):
        row = ApiKey.objects.get()
        assert secret.startswith(row.prefix)
        assert secret not in str(row.__dict__)


def _tenants_of(user):
    return system.tenants_of(user)


def _rows_of(tenant, table) -> int:
    return _count(f"SELECT count(*) FROM {table} WHERE tenant_id = '{tenant.pk}'")  # noqa: S608


def _count(query) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
