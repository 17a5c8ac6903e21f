"""Isolation of trials and sources; turns are counted by when a row was last claimed."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

CLAIM = """
SELECT pg_advisory_xact_lock(hashtext('{table}')) WHERE p_most > 0; -- two at once see one count
UPDATE {table} r SET
  attempt = r.attempt + 1,
  crashes = r.crashes + (r.claimed_by <> '')::int,
  claimed_by = p_worker,
  claimed_at = now(),
  lease_expires_at = now() + p_seconds * interval '1 second',
  started_at = coalesce(r.started_at, now())
WHERE r.id = (
  SELECT q.id FROM {table} q
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (
      WHERE t.lease_expires_at >= now() AND t.claimed_by <> '' AND t.state IN ({open_states})
    ) AS busy, max(t.claimed_at) AS served_at
    FROM {table} t WHERE t.tenant_id = q.tenant_id
  ) theirs
  WHERE q.state IN ({open_states}) AND (q.lease_expires_at IS NULL OR q.lease_expires_at < now())
    AND (p_most = 0 OR theirs.busy < p_most)
  ORDER BY theirs.busy, theirs.served_at NULLS FIRST, q.created_at
  LIMIT 1 FOR UPDATE OF q SKIP LOCKED
)
RETURNING r.id, r.tenant_id, r.attempt, r.crashes
"""
CLAIMED = "TABLE (id uuid, tenant_id uuid, attempt int, crashes int)"
LEASED = {
    "run": ("training_run", "'queued', 'preparing', 'training', 'evaluating'"),
    "import": ("training_import", "'queued', 'running'"),
}
WAITS_ELSEWHERE = """
SELECT EXISTS (
  SELECT FROM training_run WHERE tenant_id <> p_tenant AND state = 'queued'
  AND (lease_expires_at IS NULL OR lease_expires_at < now())
)
"""


def claim(kind):
    table, open_states = LEASED[kind]
    arguments = "p_worker text, p_seconds double precision, p_most int"
    body = CLAIM.format(table=table, open_states=open_states)
    return SystemFunction(f"lepton_claim_{kind}", arguments, CLAIMED, body)


class Migration(migrations.Migration):
    dependencies = [("training", "0011_search_and_sources")]
    operations = [
        ProtectTenantTables(
            append_only=[
                "datasetversion",
                "versionitem",
                "evaluation",
                "evaluateditem",
                "modelselection",
                "modelapproval",
                "runsource",
            ],
            portfolio=["evaluation", "modelversion"],
            system_writes=["run", "import"],
        ),
        claim("run"),
        claim("import"),
        SystemFunction(
            "lepton_run_waits_elsewhere",
            "p_tenant uuid",
            "TABLE (waits boolean)",
            WAITS_ELSEWHERE,
        ),
    ]
