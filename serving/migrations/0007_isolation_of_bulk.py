"""Isolation of bulk predictions, and how workers find those of all tenants.

A tenant's turn comes by when any of its bulk predictions was last worked on.
"""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

CLAIMABLE = """
q.state IN ('queued', 'running') AND (q.lease_expires_at IS NULL OR q.lease_expires_at < now())
"""
CLAIM = """
UPDATE serving_bulkprediction r SET
  attempt = r.attempt + 1,
  crashes = r.crashes + (r.claimed_by <> '')::int,
  claimed_by = p_worker,
  lease_expires_at = now() + p_seconds * interval '1 second',
  started_at = coalesce(r.started_at, now())
WHERE r.id = (
  SELECT q.id FROM serving_bulkprediction q
  CROSS JOIN LATERAL (
    SELECT max(greatest(t.lease_expires_at, t.finished_at)) AS served_at
    FROM serving_bulkprediction t WHERE t.tenant_id = q.tenant_id
  ) theirs
  WHERE {claimable}
  ORDER BY theirs.served_at NULLS FIRST, q.lease_expires_at NULLS FIRST, q.created_at
  LIMIT 1 FOR UPDATE OF q SKIP LOCKED
)
RETURNING r.id, r.tenant_id, r.attempt, r.crashes
"""
DUE = "SELECT EXISTS (SELECT FROM serving_bulkprediction q WHERE {claimable})"


class Migration(migrations.Migration):
    dependencies = [("serving", "0006_bulk_predictions")]
    operations = [
        ProtectTenantTables(frozen=["bulkrow"], system_writes=["bulkprediction"]),
        SystemFunction(
            "lepton_claim_bulk",
            "p_worker text, p_seconds double precision, p_most int",
            "TABLE (id uuid, tenant_id uuid, attempt int, crashes int)",
            CLAIM.format(claimable=CLAIMABLE),
        ),
        SystemFunction("lepton_bulk_due", "", "boolean", DUE.format(claimable=CLAIMABLE)),
    ]
