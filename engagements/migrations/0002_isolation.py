"""Isolation of the engagement tables; staff's board may read engagements of all tenants."""

from django.db import migrations

from accounts.isolation import ProtectTenantTables


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_isolation"), ("engagements", "0001_initial")]
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
            ],
            portfolio=["engagement", "requirement"],
        ),
    ]
