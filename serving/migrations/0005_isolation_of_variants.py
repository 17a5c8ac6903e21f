"""Isolation of what runs beside the champion; and history that cannot be rewritten."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction

# What may change of an entry of history: how far it is. Which version, when and by whom may not.
HISTORY = {
    "serving_deployment": "state, live_at, cause",
    "serving_challenger": "state, live_at, ended_at, cause",
}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_isolation"),
        ("serving", "0004_variants"),
    ]
    operations = [
        ProtectTenantTables(
            append_only=["shadowanswer", "challengerfailure"], system=["challenger"]
        ),
        *[
            migrations.RunSQL(
                f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM lepton_app;"
                f"GRANT UPDATE ({columns}) ON {table} TO lepton_app;",
                f"GRANT UPDATE, DELETE ON {table} TO lepton_app;",
            )
            for table, columns in HISTORY.items()
        ],
        SystemFunction(
            "lepton_challengers",
            "",
            "TABLE (tenant_id uuid, tenant_slug text, endpoint_id uuid, endpoint_slug text,"
            " deployment_id uuid, deployment_number int, state text, variant text,"
            " share_percent int, model_version_id uuid, model_version_number int, classes text[],"
            " storage_prefix text, meta jsonb)",
            "SELECT e.tenant_id, t.slug, e.id, e.slug, c.id, c.number, c.state, c.variant,"
            " c.share_percent::int, v.id, v.number, v.classes, v.storage_prefix,"
            " jsonb_build_object('classes', v.classes, 'files', v.meta->'files',"
            " 'preprocessing', v.meta->'preprocessing')"
            " FROM serving_challenger c JOIN serving_endpoint e ON e.id = c.endpoint_id"
            " JOIN accounts_tenant t ON t.id = e.tenant_id"
            " JOIN training_modelversion v ON v.id = c.model_version_id"
            " WHERE c.state IN ('loading', 'live')",
        ),
    ]
