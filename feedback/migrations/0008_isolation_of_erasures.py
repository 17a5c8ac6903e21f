"""Isolation of erasures; how workers claim them, and the one change that predictions know."""

from django.db import migrations

from accounts.isolation import TENANT, ProtectTenantTables, SystemFunction

OPEN = "state IN ('queued', 'running') AND (lease_expires_at IS NULL OR lease_expires_at < now())"
CLAIM = """
UPDATE feedback_erasure e SET
  attempt = e.attempt + 1,
  crashes = e.crashes + (e.claimed_by <> '')::int,
  claimed_by = p_worker,
  lease_expires_at = now() + p_seconds * interval '1 second',
  started_at = coalesce(e.started_at, now())
WHERE p_most >= 0 AND e.id = (
  SELECT id FROM feedback_erasure WHERE {open}
  ORDER BY confirmed_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING e.id, e.tenant_id, e.attempt, e.crashes
"""
DUE = "SELECT EXISTS (SELECT FROM feedback_erasure WHERE {open})"
FORGET = """
UPDATE serving_prediction SET input_key = '' WHERE id = ANY (p_ids) AND tenant_id = {tenant}
RETURNING id
"""


class Migration(migrations.Migration):
    dependencies = [("serving", "0011_isolation_of_tallies"), ("feedback", "0007_erasures")]
    operations = [
        ProtectTenantTables(system_writes=["erasure"]),
        SystemFunction(
            "lepton_claim_erasure",
            "p_worker text, p_seconds double precision, p_most int",
            "TABLE (id uuid, tenant_id uuid, attempt int, crashes int)",
            CLAIM.format(open=OPEN),
        ),
        SystemFunction(
            "lepton_erasures_due",
            "",
            "boolean",
            DUE.format(open=OPEN),
        ),
        # Predictions are never changed by the app; that an input is kept no more is the exception.
        migrations.RunSQL(
            "DROP POLICY IF EXISTS forget_inputs ON serving_prediction;"
            "CREATE POLICY forget_inputs ON serving_prediction TO lepton_system"
            " USING (true) WITH CHECK (input_key = '');"
            "GRANT SELECT, UPDATE (input_key) ON serving_prediction TO lepton_system;",
            "DROP POLICY forget_inputs ON serving_prediction;"
            "REVOKE ALL ON serving_prediction FROM lepton_system;",
        ),
        SystemFunction(
            "lepton_forget_inputs", "p_ids uuid[]", "TABLE (id uuid)", FORGET.format(tenant=TENANT)
        ),
    ]
