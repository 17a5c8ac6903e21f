"""Isolation of the go-live packs, which never change."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("engagements", "0007_go_live")]
    operations = [ProtectTenantTables(append_only=["golivepack"])]
