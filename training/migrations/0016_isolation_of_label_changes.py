"""Isolation of label changes."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("training", "0015_labels_erasure_and_metadata")]
    operations = [ProtectTenantTables(append_only=["labelchange"])]
