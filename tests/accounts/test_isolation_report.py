"""The isolation report tries what it reports, and says so when it gets through."""

from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command

from accounts import chain, isolation_report
from accounts.scoping import tenant_models, tenant_scope
from tests import world as worlds

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def filled(acme, alice, carol):
    """Two tenants, of which Acme has a row in every table."""
    worlds.build(acme, alice)


def printed() -> str:
    out = StringIO()
    call_command("isolation_report", stdout=out)
    return out.getvalue()


def test_everything_is_tried_and_nothing_is_reached(filled, acme):
    found = isolation_report.report(chain.every_tenant())
    assert found.tenants == 2 and found.is_clean
    tables = len(tenant_models())
    reads, changes, removals, gifts, additions = (
        found.tried[what] for what in isolation_report.ATTEMPTS
    )
    assert (reads, changes, removals) == (2 * tables,) * 3
    assert gifts == additions >= tables  # wherever there was a row to give
    assert all(table.rows > 0 and table.is_forced for table in found.tables)
    assert {table.name: table for table in found.tables}["accounts_auditentry"].rights == [
        "SELECT",
        "INSERT",
    ]
    before = _counts(acme)
    assert "Nothing was reached." in printed()
    assert _counts(acme) == before


def test_what_is_reached_is_counted_and_ends_the_command_with_an_error(filled, as_owner):
    as_owner("ALTER TABLE training_dataset DISABLE ROW LEVEL SECURITY")
    try:
        found = isolation_report.report(chain.every_tenant())
        assert set(found.reached) == {*isolation_report.ATTEMPTS, isolation_report.WITHOUT_A_TENANT}
        assert found.reached.total() >= 3
        with pytest.raises(CommandError, match="not kept apart"):
            printed()
    finally:
        as_owner("ALTER TABLE training_dataset ENABLE ROW LEVEL SECURITY")
    assert isolation_report.report(chain.every_tenant()).is_clean


@pytest.fixture
def as_owner(server_environment):
    def execute(statement):
        with psycopg.connect(server_environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute(statement)

    return execute


def _counts(tenant):
    with tenant_scope(tenant):
        return {model: model.objects.count() for model in tenant_models()}
