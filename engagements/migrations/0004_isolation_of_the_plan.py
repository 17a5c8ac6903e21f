"""Isolation of the plan and the desk; how workers find deliveries and standings of all tenants."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

CLAIM_DELIVERY = """
UPDATE engagements_delivery d SET
  attempts = d.attempts + 1,
  claimed_until = now() + p_seconds * interval '1 second'
WHERE d.id = (
  SELECT q.id FROM engagements_delivery q
  WHERE q.state = 'pending' AND q.next_attempt_at <= now()
    AND (q.claimed_until IS NULL OR q.claimed_until < now())
  ORDER BY q.next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING d.id, d.tenant_id, d.attempts::int
"""
DUE = """
SELECT EXISTS (
  SELECT FROM engagements_delivery WHERE state = 'pending' AND next_attempt_at <= now()
  AND (claimed_until IS NULL OR claimed_until < now())
)
"""
STALE = """
SELECT e.id, e.tenant_id FROM engagements_engagement e
LEFT JOIN engagements_standing s ON s.engagement_id = e.id
WHERE s.id IS NULL OR s.refreshed_at < now() - p_seconds * interval '1 second'
ORDER BY s.refreshed_at NULLS FIRST LIMIT p_limit
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_email_links"),
        ("engagements", "0003_plan_and_desk"),
    ]
    operations = [
        ProtectTenantTables(
            append_only=[
                "timelineentry",
                "requirement",
                "acceptancecontract",
                "decider",
                "verdict",
                "phaserecord",
                "signoff",
                "decision",
                "rating",
                "event",
                "deliveryattempt",
            ],
            portfolio=["engagement", "requirement", "standing", "ask", "iteration"],
            system=["engagement", "standing"],
            system_writes=["delivery"],
        ),
        # The vendor's own tables hold no tenant's rows, so the app reads and adds to them; a rate
        # card never changes.
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE, TRUNCATE ON engagements_ratecard FROM lepton_app",
            migrations.RunSQL.noop,
        ),
        SystemFunction(
            "lepton_claim_delivery",
            "p_seconds double precision",
            "TABLE (id uuid, tenant_id uuid, attempts int)",
            CLAIM_DELIVERY,
        ),
        SystemFunction("lepton_deliveries_due", "", "boolean", DUE),
        SystemFunction(
            "lepton_stale_standings",
            "p_seconds double precision, p_limit int",
            "TABLE (id uuid, tenant_id uuid)",
            STALE,
        ),
    ]
