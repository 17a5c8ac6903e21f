"""The audit chain: an edited, removed or inserted entry is found."""

import io
import threading

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.utils import ProgrammingError

from accounts import audit, chain, services
from accounts.models import AuditEntry
from accounts.scoping import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

REMOVE_THE_NEWEST = """
DELETE FROM accounts_auditentry
WHERE sequence = (SELECT max(sequence) FROM accounts_auditentry)
"""
INSERT_ONE_MORE = """
INSERT INTO accounts_auditentry (id, tenant_id, at, actor_label, verb, subject_type, subject_label,
                                 detail, sequence, previous_sha256, sha256)
SELECT gen_random_uuid(), tenant_id, at, 'Bob', 'key.created', '', '', '{}',
       sequence + 1, sha256, sha256
FROM accounts_auditentry ORDER BY sequence DESC LIMIT 1
"""


@pytest.fixture
def as_owner(acme, server_environment):
    """Run SQL on Acme's rows with the rights of the database's owner."""

    def run(statement):
        with psycopg.connect(server_environment["DATABASE_OWNER_URL"]) as owner:
            owner.execute("SELECT set_config('app.tenant', %s, true)", [str(acme.pk)])
            assert owner.execute(statement).rowcount == 1

    return run


@pytest.fixture
def entries(acme, alice):
    """Five entries after the tenant's own."""
    with tenant_scope(acme):
        for number in range(5):
            services.create_key(f"key {number}", scopes=["view"], by=alice)
        return AuditEntry.objects.count()


def test_an_untouched_chain_is_intact(acme, entries):
    told = _verify("acme")
    assert f"acme: {entries} entries, intact" in told
    with tenant_scope(acme):
        assert chain.head().sha256 in told
        assert list(AuditEntry.objects.order_by("at").values_list("sequence", flat=True)) == list(
            range(1, entries + 1)
        )


@pytest.mark.parametrize(
    "tampering, words",
    [
        ("UPDATE accounts_auditentry SET actor_label = 'Bob' WHERE sequence = 4", "entry 4 (key"),
        ("UPDATE accounts_auditentry SET at = at - interval '1 day' WHERE sequence = 3", "entry 3"),
        ("UPDATE accounts_auditentry SET detail = '{}' WHERE sequence = 4", "entry 4 (key"),
        ("DELETE FROM accounts_auditentry WHERE sequence = 4", "entry 4 is missing"),
        ("DELETE FROM accounts_auditentry WHERE sequence = 1", "entry 1 is missing"),
        (REMOVE_THE_NEWEST, "missing at the end"),
        (INSERT_ONE_MORE, "did not come from Lepton"),
    ],
    ids=["edited", "backdated", "detail", "removed", "first", "newest", "inserted"],
)
def test_tampering_by_the_databases_owner_is_found(entries, as_owner, tampering, words):
    as_owner(tampering)
    with pytest.raises(CommandError, match="Broken audit chains: 1"):
        _verify()
    assert words in _verify_anyway()


def test_an_edited_row_with_its_hash_made_anew_breaks_the_next_link(acme, entries, as_owner):
    with tenant_scope(acme):
        entry = AuditEntry.objects.get(sequence=4)
        entry.verb = "nothing.happened"
        forged = chain.sha256_of(entry.content)
    change = f"SET verb = 'nothing.happened', sha256 = '{forged}' WHERE sequence = 4"
    as_owner(f"UPDATE accounts_auditentry {change}")
    assert "entry 5 (key.created) does not follow the one before it" in _verify_anyway()


def test_one_broken_tenant_does_not_hide_the_others(acme, carol, entries, as_owner):
    as_owner("DELETE FROM accounts_auditentry WHERE sequence = 4")
    assert "globex: 2 entries, intact" in _verify("globex")
    with pytest.raises(CommandError, match="no tenant “nowhere”"):
        _verify("nowhere")


def test_many_at_once_make_one_chain_without_a_gap(acme, alice):
    def note():
        try:
            for _number in range(5):
                with tenant_scope(acme):
                    audit.record("member.added", alice, by=alice)
        finally:
            connection.close()

    threads = [threading.Thread(target=note) for _thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with tenant_scope(acme):
        assert list(chain.faults()) == []
        assert chain.head().sequence == AuditEntry.objects.count() == 22


def test_the_list_of_tenants_is_for_the_owner_only(acme):
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with connections["default"].cursor() as cursor, refused:
        cursor.execute("SET ROLE lepton_system")


def test_the_api_shows_the_links(browse, acme, alice):
    factories.engagement(acme, alice)
    newest, before = browse(alice).get("/api/v1/tenants/acme/audit?limit=2").json()["results"]
    assert newest["previous_sha256"] == before["sha256"]
    assert newest["sequence"] == before["sequence"] + 1


def _verify(*tenant):
    out = io.StringIO()
    call_command("verify_audit", *tenant, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def _verify_anyway():
    told = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=io.StringIO(), stderr=told)
    return told.getvalue()
