"""Isolation of labels, explanations and vectors; explanations are claimed like runs."""

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
    "explanation": ("training_explanation", "'queued', 'running'"),
}
CLAIMABLE = """
SELECT '{kind}' WHERE EXISTS (
  SELECT FROM {table} WHERE state IN ({open_states})
  AND (lease_expires_at IS NULL OR lease_expires_at < now())
)
"""


def claim(kind):
    table, open_states = LEASED[kind]
    arguments = "p_worker text, p_seconds double precision, p_most int"
    body = CLAIM.format(table=table, open_states=open_states)
    return SystemFunction(f"lepton_claim_{kind}", arguments, CLAIMED, body)


def claimable():
    parts = [
        CLAIMABLE.format(kind=kind, table=table, open_states=open_states)
        for kind, (table, open_states) in LEASED.items()
    ]
    return SystemFunction("lepton_claimable", "", "TABLE (kind text)", "UNION ALL".join(parts))


class Migration(migrations.Migration):
    dependencies = [("training", "0013_labelling_and_explanations")]
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
                "labelentry",
            ],
            portfolio=["evaluation", "modelversion"],
            system_writes=["run", "import", "explanation"],
        ),
        claim("explanation"),
        claimable(),
    ]
