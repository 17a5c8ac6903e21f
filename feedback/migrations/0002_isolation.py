"""Isolation of the feedback table."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("serving", "0002_isolation"), ("feedback", "0001_initial")]
    operations = [ProtectTenantTables()]
