"""Isolation of monitoring and alerts; how a worker finds what to watch of all tenants."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

TO_WATCH = """
SELECT e.id, e.tenant_id FROM serving_endpoint e
LEFT JOIN feedback_watch w ON w.endpoint_id = e.id
WHERE EXISTS (SELECT FROM serving_deployment d WHERE d.endpoint_id = e.id)
  AND (
    w.looked_at IS NULL OR w.looked_at < now() - p_idle * interval '1 second'
    OR w.looked_at < now() - p_busy * interval '1 second'
      AND EXISTS (SELECT FROM serving_duehour h WHERE h.endpoint_id = e.id)
  )
ORDER BY w.looked_at NULLS FIRST LIMIT p_limit
"""
CLAIM_LOOK = """
UPDATE feedback_driftlook l SET claimed_until = now() + p_seconds * interval '1 second'
WHERE l.id = (
  SELECT q.id FROM feedback_driftlook q
  WHERE q.state = 'queued' AND (q.claimed_until IS NULL OR q.claimed_until < now())
  ORDER BY q.created_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING l.id, l.tenant_id
"""
LOOKS_DUE = """
SELECT EXISTS (
  SELECT FROM feedback_driftlook
  WHERE state = 'queued' AND (claimed_until IS NULL OR claimed_until < now())
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("serving", "0011_isolation_of_tallies"),
        ("feedback", "0003_monitoring"),
    ]
    operations = [
        ProtectTenantTables(
            append_only=["driftfinding"], system=["watch"], system_writes=["driftlook"]
        ),
        SystemFunction(
            "lepton_endpoints_to_watch",
            "p_busy double precision, p_idle double precision, p_limit int",
            "TABLE (id uuid, tenant_id uuid)",
            TO_WATCH,
        ),
        SystemFunction(
            "lepton_claim_look",
            "p_seconds double precision",
            "TABLE (id uuid, tenant_id uuid)",
            CLAIM_LOOK,
        ),
        SystemFunction("lepton_looks_due", "", "boolean", LOOKS_DUE),
    ]
