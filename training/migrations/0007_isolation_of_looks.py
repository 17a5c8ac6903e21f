"""Isolation of near-duplicates and of suspected labels."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("training", "0006_how_data_looks")]
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
    ]
