"""Isolation of the serving tables, and what the data plane and metrics see of all tenants."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables, SystemFunction


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0002_isolation"),
        ("serving", "0001_initial"),
    ]
    operations = [
        ProtectTenantTables(append_only=["prediction"], system=["endpoint", "deployment"]),
        migrations.RunSQL(
            "CREATE POLICY system ON training_modelversion FOR SELECT TO lepton_system USING (true);"
            "GRANT SELECT ON training_modelversion TO lepton_system;",
            "DROP POLICY system ON training_modelversion;",
        ),
        SystemFunction(
            "lepton_deployments",
            "",
            "TABLE (tenant_id uuid, tenant_slug text, endpoint_id uuid, endpoint_slug text,"
            " keeps_inputs boolean, deployment_id uuid, deployment_number int, state text,"
            " model_version_id uuid, model_version_number int, classes text[],"
            " storage_prefix text, meta jsonb)",
            "SELECT DISTINCT ON (e.id) e.tenant_id, t.slug, e.id, e.slug, e.keeps_inputs,"
            " d.id, d.number, d.state, v.id, v.number, v.classes, v.storage_prefix,"
            " jsonb_build_object('classes', v.classes, 'files', v.meta->'files',"
            " 'preprocessing', v.meta->'preprocessing')"
            " FROM serving_endpoint e JOIN accounts_tenant t ON t.id = e.tenant_id"
            " LEFT JOIN serving_deployment d ON d.endpoint_id = e.id AND d.state <> 'failed'"
            " LEFT JOIN training_modelversion v ON v.id = d.model_version_id"
            " ORDER BY e.id, d.number DESC",
        ),
        SystemFunction(
            "lepton_counts",
            "",
            "TABLE (kind text, state text, count bigint)",
            "SELECT 'run', r.state, count(*) FROM training_run r GROUP BY r.state"
            " UNION ALL SELECT 'import', i.state, count(*) FROM training_import i GROUP BY i.state"
            " UNION ALL SELECT 'deployment', d.state, count(*) FROM serving_deployment d"
            " GROUP BY d.state",
        ),
    ]
