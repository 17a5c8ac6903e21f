"""Isolation of model selections."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("engagements", "0004_isolation_of_the_plan"), ("training", "0003_selection")]
    operations = [
        ProtectTenantTables(
            append_only=[
                "datasetversion",
                "versionitem",
                "evaluation",
                "evaluateditem",
                "modelselection",
            ],
            portfolio=["evaluation", "modelversion"],
            system_writes=["run", "import"],
        ),
        migrations.RunSQL(
            "REVOKE UPDATE, DELETE, TRUNCATE ON training_backbonemeasurement FROM lepton_app",
            migrations.RunSQL.noop,
        ),
    ]
