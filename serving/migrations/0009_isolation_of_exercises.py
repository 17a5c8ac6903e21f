"""Isolation of load tests and rollback drills, and how a worker of all tenants claims them."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

# as in training/migrations/0008: who waits longest for a turn goes first
CLAIM = """
UPDATE {table} r SET
  attempt = r.attempt + 1,
  crashes = r.crashes + (r.claimed_by <> '')::int,
  claimed_by = p_worker,
  lease_expires_at = now() + p_seconds * interval '1 second',
  started_at = coalesce(r.started_at, now())
WHERE r.id = (
  SELECT q.id FROM {table} q
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (
      WHERE t.lease_expires_at >= now() AND t.claimed_by <> '' AND t.state IN ({open_states})
    ) AS busy, max(t.started_at) AS served_at
    FROM {table} t WHERE t.tenant_id = q.tenant_id
  ) theirs
  WHERE q.state IN ({open_states}) AND (q.lease_expires_at IS NULL OR q.lease_expires_at < now())
    AND (p_most = 0 OR theirs.busy < p_most)
  ORDER BY theirs.busy, theirs.served_at NULLS FIRST, q.created_at
  LIMIT 1 FOR UPDATE OF q SKIP LOCKED
)
RETURNING r.id, r.tenant_id, r.attempt, r.crashes
"""
WAITS = """EXISTS (
  SELECT FROM {table} WHERE state IN ({open_states})
  AND (lease_expires_at IS NULL OR lease_expires_at < now())
)"""
CLAIMED = "TABLE (id uuid, tenant_id uuid, attempt int, crashes int)"
OPEN_STATES = "'queued', 'running'"
TABLES = {"load_test": "serving_loadtest", "drill": "serving_rollbackdrill"}


def claim(kind, table):
    arguments = "p_worker text, p_seconds double precision, p_most int"
    body = CLAIM.format(table=table, open_states=OPEN_STATES)
    return SystemFunction(f"lepton_claim_{kind}", arguments, CLAIMED, body)


def wait():
    waits = [WAITS.format(table=table, open_states=OPEN_STATES) for table in TABLES.values()]
    body = f"SELECT {' OR '.join(waits)}"
    return SystemFunction("lepton_exercises_wait", "", "TABLE (is_waiting boolean)", body)


class Migration(migrations.Migration):
    dependencies = [("serving", "0008_exercises")]
    operations = [
        ProtectTenantTables(system_writes=["loadtest", "rollbackdrill"]),
        *(claim(kind, table) for kind, table in TABLES.items()),
        wait(),
    ]
