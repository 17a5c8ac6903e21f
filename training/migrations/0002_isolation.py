"""Isolation of the training tables, and how workers of all tenants claim rows."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

CLAIM = """
UPDATE {table} r SET
  attempt = r.attempt + 1,
  crashes = r.crashes + (r.claimed_by <> '')::int,
  claimed_by = p_worker,
  lease_expires_at = now() + p_seconds * interval '1 second',
  started_at = coalesce(r.started_at, now())
WHERE r.id = (
  SELECT q.id FROM {table} q
  WHERE q.state IN ({open_states}) AND (q.lease_expires_at IS NULL OR q.lease_expires_at < now())
  ORDER BY (
    SELECT count(*) FROM {table} busy
    WHERE busy.tenant_id = q.tenant_id AND busy.lease_expires_at >= now()
      AND busy.state IN ({open_states})
  ), q.created_at
  LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING r.id, r.tenant_id, r.attempt, r.crashes
"""
CLAIMABLE = """
SELECT '{kind}' WHERE EXISTS (
  SELECT FROM {table} WHERE state IN ({open_states})
  AND (lease_expires_at IS NULL OR lease_expires_at < now())
)
"""
CLAIMED = "TABLE (id uuid, tenant_id uuid, attempt int, crashes int)"
LEASED = {
    "run": ("training_run", "'queued', 'preparing', 'training', 'evaluating'"),
    "import": ("training_import", "'queued', 'running'"),
}


def claim(kind):
    table, open_states = LEASED[kind]
    arguments = "p_worker text, p_seconds double precision"
    body = CLAIM.format(table=table, open_states=open_states)
    return SystemFunction(f"lepton_claim_{kind}", arguments, CLAIMED, body)


def claimable():
    parts = [
        CLAIMABLE.format(kind=kind, table=table, open_states=open_states)
        for kind, (table, open_states) in LEASED.items()
    ]
    return SystemFunction("lepton_claimable", "", "TABLE (kind text)", "UNION ALL".join(parts))


class Migration(migrations.Migration):
    dependencies = [("engagements", "0002_isolation"), ("training", "0001_initial")]
    operations = [
        ProtectTenantTables(
            append_only=["datasetversion", "versionitem", "evaluation", "evaluateditem"],
            portfolio=["evaluation", "modelversion"],
            system_writes=["run", "import"],
        ),
        claim("run"),
        claim("import"),
        claimable(),
    ]
