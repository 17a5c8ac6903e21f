"""Isolation of reviews, receipts and data iterations; how workers find those that are due."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

DUE = """
SELECT EXISTS (SELECT FROM feedback_dataiteration WHERE due_at <= now())
  OR EXISTS (SELECT FROM feedback_iterationpolicy WHERE due_at <= now())
"""
CLAIM_ITERATION = """
UPDATE feedback_dataiteration d SET
  attempt = d.attempt + 1,
  failures = d.failures + 1,
  due_at = now() + p_seconds * interval '1 second'
WHERE d.id = (
  SELECT q.id FROM feedback_dataiteration q WHERE q.due_at <= now()
  ORDER BY q.due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING d.id, d.tenant_id, d.attempt, d.failures::int
"""
CLAIM_POLICY = """
UPDATE feedback_iterationpolicy p SET due_at = now() + p_seconds * interval '1 second'
WHERE p.id = (
  SELECT q.id FROM feedback_iterationpolicy q WHERE q.due_at <= now()
  ORDER BY q.due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING p.id, p.tenant_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0005_review_and_iteration"),
    ]
    operations = [
        ProtectTenantTables(system_writes=["dataiteration", "iterationpolicy"]),
        SystemFunction("lepton_data_iterations_due", "", "boolean", DUE),
        SystemFunction(
            "lepton_claim_data_iteration",
            "p_seconds double precision",
            "TABLE (id uuid, tenant_id uuid, attempt int, failures int)",
            CLAIM_ITERATION,
        ),
        SystemFunction(
            "lepton_claim_iteration_policy",
            "p_seconds double precision",
            "TABLE (id uuid, tenant_id uuid)",
            CLAIM_POLICY,
        ),
    ]
